(() => {
  "use strict";
  // A component's page: tabs, copying, comparing versions. Without it, everything is there, one below another.

  const one = (selector, under = document) => under.querySelector(selector);
  const all = (selector, under = document) => [...under.querySelectorAll(selector)];
  const element = (tag, className, ...children) => {
    const made = document.createElement(tag);
    if (className) { made.className = className; }
    made.append(...children);
    return made;
  };

  // ---- Copying ---------------------------------------------------------------------------------------------------

  const copied = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Refused, or a page that was not loaded in a secure way.
      const area = element("textarea", "visually-hidden");
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  };
  for (const code of all(".code")) {
    const button = element("button", "copy", "Copy");
    button.type = "button";
    button.setAttribute("aria-label", `Copy ${code.dataset.what}`);
    button.addEventListener("click", async () => {
      const done = await copied(one("pre", code).textContent);
      button.textContent = done ? "Copied" : "Select it, and press Ctrl-C";
      button.classList.toggle("done", done);
      one("#said").textContent = done ? `Copied ${code.dataset.what}` : "";
      setTimeout(() => { button.textContent = "Copy"; button.classList.remove("done"); }, 1600);
    });
    code.append(button);
  }

  // ---- Tabs ------------------------------------------------------------------------------------------------------

  for (const group of all("[data-tabs]")) {
    const panels = all(":scope > .panel", group);
    const bar = element("div", "tabs");
    bar.setAttribute("role", "tablist");
    bar.setAttribute("aria-label", group.dataset.tabs);
    const tabs = panels.map((panel, at) => {
      const heading = one("h3", panel);
      const tab = element("button", "", heading.textContent);
      tab.type = "button";
      tab.id = `${panel.id}-tab`;
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", panel.id);
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", tab.id);
      heading.remove();
      tab.addEventListener("click", () => choose(at));
      return tab;
    });
    const choose = (chosen) => {
      tabs.forEach((tab, at) => {
        tab.setAttribute("aria-selected", String(at === chosen));
        tab.tabIndex = at === chosen ? 0 : -1;
        panels[at].hidden = at !== chosen;
      });
    };
    bar.addEventListener("keydown", (event) => {
      const at = tabs.indexOf(document.activeElement);
      const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (at < 0 || next === undefined) { return; }
      event.preventDefault();
      const chosen = (next + tabs.length) % tabs.length;
      choose(chosen);
      tabs[chosen].focus();
    });
    bar.append(...tabs);
    group.prepend(bar);
    choose(0);
  }

  // ---- Comparing two versions -----------------------------------------------------------------------------------

  const data = document.getElementById("comparisons");
  if (data) {
    const { versions, pairs, reports } = JSON.parse(data.textContent);
    const box = document.getElementById("compare");
    const [from, to] = all("select", box);
    const output = one("output", box);
    const option = (version) => { const made = element("option", "", version); made.value = version; return made; };
    from.append(...versions.map(option));
    to.append(...versions.map(option));

    const changes = (heading, items) => {
      if (!items.length) { return []; }
      const lines = items.map(([rule, message]) => element("li", "", element("span", "rule", rule), message));
      return [element("h3", "", heading), element("ul", "changes", ...lines)];
    };
    const show = () => {
      const [one, other] = [versions.indexOf(from.value), versions.indexOf(to.value)];
      // The versions are listed from the newest on.
      const back = one < other;
      const [newer, older] = back ? [one, other] : [other, one];
      if (one === other) { output.replaceChildren("Choose two different versions."); return; }
      const report = reports[pairs[newer][older - newer - 1]];
      const head = element("p", "", `${versions[older]} → ${versions[newer]}: `);
      head.append(element("span", `badge ${report.bump}`, report.label));
      if (back) { head.append(" read from the older to the newer one"); }
      output.replaceChildren(head, ...changes("Breaks callers", report.breaking), ...changes("Other changes", report.others));
      if (!report.breaking.length && !report.others.length) { output.append(element("p", "dim", report.note)); }
      if (report.left) { output.append(element("p", "dim", `${report.left} more; see comp breaking`)); }
    };
    const fromAddress = () => {
      const match = /^#compare=([^.]\S*?)\.\.\.?(\S+)$/.exec(decodeURIComponent(location.hash));
      if (match && versions.includes(match[1]) && versions.includes(match[2])) {
        [from.value, to.value] = [match[1], match[2]];
        box.scrollIntoView({ block: "center" });
        show();
      }
    };
    [from.value, to.value] = [versions[1], versions[0]];
    for (const select of [from, to]) {
      select.addEventListener("change", () => {
        history.replaceState(null, "", `#compare=${from.value}...${to.value}`);
        show();
      });
    }
    addEventListener("hashchange", fromAddress);
    box.hidden = false;
    show();
    fromAddress();
  }

  // ---- Where the reader is, and the keyboard --------------------------------------------------------------------

  const places = all(".toc a");
  const seen = new Map();
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) { seen.set(entry.target.id, entry.isIntersecting); }
    const here = places.find((link) => seen.get(link.hash.slice(1)));
    for (const link of places) {
      if (link === here) { link.setAttribute("aria-current", "true"); } else { link.removeAttribute("aria-current"); }
    }
  }, { rootMargin: "-70px 0px -40% 0px" });
  for (const link of places) {
    const section = document.getElementById(link.hash.slice(1));
    if (section) { watcher.observe(section); }
  }
  addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLElement && event.target.matches("input, select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      location.href = one(".brand").href + "#search";
    }
  });
})();
