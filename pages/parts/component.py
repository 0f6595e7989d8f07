"""Our own components: plain ES modules under assets/components, fetched from our own server, at home in any page."""

import hashlib
from functools import cache

import streamlit as st

from db import settings

FOLDER = settings.ROOT / "assets" / "components"

# A few lines that fetch the modules; a component written inline can only be so small that it never needs a new version.
_JS = """
const modules = new Map();
export default function (given) {
  const { data, parentElement } = given, hold = {};
  if (!parentElement.querySelector("link")) {
    const style = document.createElement("link");
    Object.assign(style, { rel: "stylesheet", href: location.origin + data.place + "/style.css" });
    parentElement.append(style);
  }
  const main = location.origin + data.place + "/" + (data.entry || "main") + ".js";
  if (!modules.has(main)) modules.set(main, import(main));
  modules.get(main).then((m) => m.mount({ ...given, hold }));
  return () => modules.get(main).then((m) => m.unmount(parentElement, hold));
}
"""


def declare(name: str):
    """A component to be drawn with data={"place": place(folder), "entry": module, …}; its module has mount and unmount."""
    return st.components.v2.component(name, js=_JS)


def place(folder: str) -> str:
    """Where the folder is served; the version in the path is of all components, for their modules share pieces."""
    return f"/assets/components/{_version()}/{folder}"


@cache
def _version() -> str:
    """A new file is fetched anew, an old one never."""
    digest = hashlib.sha256()
    for file in sorted(FOLDER.rglob("*.*")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:10]
