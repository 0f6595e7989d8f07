// A link that leads on within the page, which loads nothing anew: the address is put into the browser's history, as if one had gone there
// and come back to it. With a key held down it is opened beside, as every link.
export function leads(link) {
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    history.pushState({}, "", link.href);
    dispatchEvent(new PopStateEvent("popstate"));
  });
  return link;
}
