// The key / leads into the search box, wherever one is on a page and does not write just now.
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const at = event.composedPath()[0];
  if (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName)) return;
  const box = document.querySelector(".st-key-search input") || document.querySelector(".st-key-q input");
  if (!box) return;
  event.preventDefault();
  box.focus();
});
