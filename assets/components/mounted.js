// For what is drawn from its data alone: drawn anew when they are others, ended when its place has gone. Whatever had the focus
// and an id has it afterwards.
// draw: of what a component is given, and the place to append to; answers what ends it. id: of all that the drawing depends on.
export function redrawn(draw, id = ({ data }) => JSON.stringify(data)) {
  const mounted = new Map();
  const end = (place) => { mounted.get(place)?.end(); mounted.delete(place); };
  return {
    mount(given) {
      const place = given.parentElement, now = id(given);
      if (mounted.get(place)?.id === now) return;
      const focused = place.activeElement?.id;
      end(place);
      mounted.set(place, { id: now, end: draw(given) });
      if (focused) place.getElementById(focused)?.focus({ preventScroll: true });
    },
    unmount: (place) => setTimeout(() => place.isConnected || end(place), 300), // Streamlit takes a place away to give it back
  };
}
