// A page that leads to another says the new query first and the new page after it, and each becomes an entry of the browser's history. The
// first of them is the page that was left with the query of the one gone to, which nobody has seen: it is replaced by the second, so that
// Back leads to what was left, as it was. What somebody does in between makes entries of their own of both.
{
  const push = history.pushState;
  let half = null;
  for (const act of ["pointerdown", "click", "keydown"]) addEventListener(act, () => { half = null; }, { capture: true, passive: true });
  history.pushState = function (state, unused, url) {
    const here = new URL(location.href), to = new URL(url, here), elsewhere = to.pathname !== here.pathname;
    if (half === here.href && elsewhere && to.search === here.search) history.replaceState(state, unused, url);
    else push.call(history, state, unused, url);
    half = !elsewhere && to.search !== here.search ? location.href : null;
  };
}
