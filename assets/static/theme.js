// Where the server is. Left to itself Streamlit looks below every page's own address first, and is told twice that
// nothing is there.
window.__streamlit = { BACKEND_BASE_URL: `${location.origin}/` };

// Light, dark or as the system has it: Streamlit keeps the choice for each address; Vigil keeps one for all.
// Runs before Streamlit's own script reads it. Only writes a choice somebody has made in 我的.
(() => {
  const names = { light: "Light", dark: "Dark", system: "System" };
  const name = names[localStorage.getItem("vigil-theme")];
  window.vigilFont = (size) => { document.documentElement.style.fontSize = { small: "13px", large: "16.5px" }[size] || ""; };
  window.vigilFont(localStorage.getItem("vigil-font"));
  if (name) localStorage.setItem(`stActiveTheme-${location.pathname}-v2`, JSON.stringify(name));
})();
