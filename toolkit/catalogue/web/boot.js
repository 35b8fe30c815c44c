(() => {
  "use strict";
  const root = document.documentElement;
  const themes = ["auto", "light", "dark"];
  // A browser may refuse storage for pages from a disk.
  const stored = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const store = (theme) => { try { localStorage.setItem("theme", theme); } catch { /* for this page only */ } };
  let theme = themes.includes(stored()) ? stored() : "auto";
  const apply = () => { if (theme === "auto") { root.removeAttribute("data-theme"); } else { root.dataset.theme = theme; } };
  apply();
  root.classList.add("js");
  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const name = () => {
      button.setAttribute("aria-label", `Colours: ${theme}`);
      button.title = `Colours: ${theme}`;
    };
    button.hidden = false;
    button.addEventListener("click", () => {
      theme = themes[(themes.indexOf(theme) + 1) % themes.length];
      store(theme);
      apply();
      name();
    });
    name();
  });
  const script = document.createElement("script");
  script.src = "@SCRIPT@";
  script.defer = true;
  script.async = false;
  document.head.append(script);
})();
