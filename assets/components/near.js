// What lies below the screen is drawn when one scrolls towards it, or prints; what is on it, at once. Answers what gives up waiting.
const AHEAD = "100px";

export function whenNear(element, draw) {
  if (element.getBoundingClientRect().top < innerHeight) {
    draw();
    return () => {};
  }
  const end = () => { seen.disconnect(); removeEventListener("beforeprint", once); };
  const once = () => { end(); draw(); };
  const seen = new IntersectionObserver((all) => all.some((one) => one.isIntersecting) && once(), { rootMargin: AHEAD, scrollMargin: AHEAD });
  seen.observe(element);
  addEventListener("beforeprint", once);
  return end;
}
