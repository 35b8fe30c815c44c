(() => {
  "use strict";
  // The list: search, facets, keyboard. Its data are scripts of a few dozen kilobytes, loaded when they are needed.

  const settings = JSON.parse(document.getElementById("settings").textContent);
  const box = document.getElementById("q");
  const list = document.getElementById("items");
  const status = document.getElementById("status");
  const chips = document.getElementById("chips");
  const facetsBox = document.getElementById("facet-groups");
  const sortBox = document.getElementById("sort");
  const deprecatedBox = document.getElementById("deprecated");
  const empty = document.getElementById("empty");
  const end = document.getElementById("end");
  const clear = document.getElementById("clear");

  const GROUPS = [
    ["produces", "Produces"], ["accepts", "Accepts"], ["ns", "Namespace"], ["owner", "Owner"], ["tag", "Tag"],
  ];
  const PAGE = 60;
  const WHILE_LOADING = 120;
  const FEW = 8;
  const MOST_VALUES = 300;
  const KEYS = {
    produces: "produces", output: "output", outputs: "produces", accepts: "accepts", consumes: "accepts",
    input: "input", inputs: "accepts", type: "type", ns: "ns", namespace: "ns", owner: "owner", author: "owner",
    tag: "tag", is: "is",
  };
  const DEPRECATED = 1;
  const YANKED = 2;

  // ---- Data -------------------------------------------------------------------------------------------------------

  const components = [];
  const arrived = new Set();
  let asked = false;

  const ports = (text) => text.split("\n").filter(Boolean).map((line) => {
    const [name, type] = line.split("\t");
    return { name, type, lowName: name.toLowerCase(), lowType: type.toLowerCase() };
  });

  const component = (row) => {
    const [full, version, title, text, inputs, outputs, tags, owners, published, flags] = row;
    const slash = full.indexOf("/");
    const it = {
      full, version, title, text, tags, owners, published, flags,
      ns: full.slice(0, slash), name: full.slice(slash + 1),
      inputs: ports(inputs), outputs: ports(outputs),
    };
    it.lowFull = full.toLowerCase();
    it.lowName = it.name.toLowerCase();
    it.lowWords = new Set(it.lowName.split(/[._-]/));
    it.lowTitle = title.toLowerCase();
    it.lowText = text.toLowerCase();
    it.lowTags = tags.join("\n").toLowerCase();
    it.lowPorts = `${inputs}\n${outputs}`.toLowerCase();
    const distinct = (values) => [...new Set(values)];
    it.values = {
      produces: distinct(it.outputs.map((port) => port.type)), accepts: distinct(it.inputs.map((port) => port.type)),
      ns: [it.ns], owner: distinct(owners), tag: distinct(tags),
    };
    return it;
  };

  // Called by the data scripts.
  globalThis.compCatalogue = (number, rows) => {
    if (arrived.has(number)) { return; }
    arrived.add(number);
    for (const row of rows) { components.push(component(row)); }
    schedule();
  };

  const complete = () => arrived.size === settings.shards.length;

  const load = () => {
    if (asked) { return; }
    asked = true;
    settings.shards.forEach((key, number) => {
      const script = document.createElement("script");
      script.src = `data/${String(number).padStart(3, "0")}.js?${key}`;
      script.async = true;
      script.addEventListener("error", () => { failed = true; schedule(); });
      document.head.append(script);
    });
  };
  let failed = false;

  // ---- State, which the address holds ---------------------------------------------------------------------------

  const blank = () => ({ q: "", sort: "", deprecated: false, chosen: Object.fromEntries(GROUPS.map(([key]) => [key, new Set()])) });
  let state = blank();
  let shown = PAGE;

  const fromAddress = () => {
    const given = new URLSearchParams(location.hash.slice(1));
    state = blank();
    state.q = given.get("q") ?? "";
    state.sort = ["name", "newest"].includes(given.get("sort")) ? given.get("sort") : "";
    state.deprecated = given.get("deprecated") === "show";
    for (const [key] of GROUPS) { state.chosen[key] = new Set(given.getAll(key)); }
    shown = PAGE;
    box.value = state.q;
    sortBox.value = state.sort;
    deprecatedBox.checked = state.deprecated;
  };

  const toAddress = () => {
    const made = new URLSearchParams();
    if (state.q) { made.set("q", state.q); }
    for (const [key] of GROUPS) { for (const value of state.chosen[key]) { made.append(key, value); } }
    if (state.sort) { made.set("sort", state.sort); }
    if (state.deprecated) { made.set("deprecated", "show"); }
    const text = made.toString();
    history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
  };

  const isBlank = () => !state.q.trim() && !state.sort && !state.deprecated && GROUPS.every(([key]) => state.chosen[key].size === 0);

  // ---- Search ----------------------------------------------------------------------------------------------------

  const parse = (text) => {
    const words = [];
    const conditions = [];
    for (const match of text.matchAll(/(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))/gi)) {
      const key = match[1] && KEYS[match[1].toLowerCase()];
      const value = (match[2] ?? match[3]).toLowerCase();
      if (key) { conditions.push([key, value]); } else { words.push((match[2] ?? match[0]).toLowerCase()); }
    }
    return { words: words.filter(Boolean), conditions };
  };

  const typesOf = (it, key) => (key === "produces" ? it.outputs : key === "accepts" ? it.inputs : [...it.inputs, ...it.outputs]);

  const holds = (it, key, value, exact) => {
    const equal = exact ? (text) => text.toLowerCase() === value : (text) => text.toLowerCase().includes(value);
    switch (key) {
      case "produces": case "accepts": case "type":
        return typesOf(it, key).some((port) => (exact ? port.lowType === value : port.lowType.includes(value)));
      case "input": return it.inputs.some((port) => port.lowName.includes(value));
      case "output": return it.outputs.some((port) => port.lowName.includes(value));
      case "is": return value === "deprecated" ? Boolean(it.flags & DEPRECATED) : value === "yanked" ? Boolean(it.flags & YANKED) : true;
      default: return it.values[key].some(equal);
    }
  };

  // The higher, the better; 0 if a word is nowhere.
  const score = (it, words) => {
    let sum = 1;
    for (const word of words) {
      let best = 0;
      if (it.lowName === word || it.lowFull === word) { best = 100; }
      else if (it.lowName.startsWith(word)) { best = 60 + 20 * word.length / it.lowName.length; }
      else if (it.lowFull.includes(word)) { best = 40 + 10 * word.length / it.lowFull.length; }
      else if (it.lowTitle.includes(word)) { best = 30; }
      else if (it.lowTags.includes(word)) { best = 20; }
      else if (it.lowPorts.includes(word)) { best = 12; }
      else if (it.lowText.includes(word)) { best = 8; }
      if (!best) { return 0; }
      sum += best + (it.lowWords.has(word) ? 15 : 0);
    }
    return sum;
  };

  const find = () => {
    const { words, conditions } = parse(state.q);
    const wantsDeprecated = conditions.some(([key, value]) => key === "is" && value === "deprecated");
    let found = components.filter((it) => state.deprecated || wantsDeprecated || !(it.flags & DEPRECATED));
    for (const [key, value] of conditions) {
      // While a value is typed it matches in part; once it is a whole one, it alone counts.
      const exactly = found.filter((it) => holds(it, key, value, true));
      found = exactly.length ? exactly : found.filter((it) => holds(it, key, value, false));
    }
    let scored = found.map((it) => [score(it, words), it]).filter(([points]) => points > 0);
    const within = (it, but) => GROUPS.every(([key]) => key === but || state.chosen[key].size === 0 || it.values[key].some((value) => state.chosen[key].has(value)));
    const counts = {};
    for (const [key] of GROUPS) {
      const count = new Map();
      for (const [, it] of scored) {
        if (within(it, key)) { for (const value of it.values[key]) { count.set(value, (count.get(value) ?? 0) + 1); } }
      }
      counts[key] = [...count];
    }
    scored = scored.filter(([, it]) => within(it));
    const byName = (one, other) => (one[1].full < other[1].full ? -1 : 1);
    const newest = (one, other) => other[1].published.localeCompare(one[1].published) || byName(one, other);
    const best = (one, other) => other[0] - one[0] || byName(one, other);
    scored.sort(state.sort === "newest" ? newest : state.sort === "name" || !words.length ? byName : best);
    return { words, counts, items: scored.map(([, it]) => it) };
  };

  // What the search finds with deprecated components.
  const findAll = () => {
    const kept = state;
    state = { ...state, deprecated: true };
    try { return find(); } finally { state = kept; }
  };

  // ---- Drawing ---------------------------------------------------------------------------------------------------

  const element = (tag, className, ...children) => {
    const made = document.createElement(tag);
    if (className) { made.className = className; }
    made.append(...children);
    return made;
  };

  // The parts of a text, those that were searched for in <mark>.
  const marked = (text, words) => {
    const low = text.toLowerCase();
    // A character that changes its length in lower case would shift all places behind it.
    if (!words.length || low.length !== text.length) { return [text]; }
    const hits = new Array(text.length).fill(false);
    for (const word of words) {
      for (let at = low.indexOf(word); at >= 0; at = low.indexOf(word, at + 1)) { hits.fill(true, at, at + word.length); }
    }
    const parts = [];
    for (let at = 0; at < text.length;) {
      let stop = at;
      while (stop < text.length && hits[stop] === hits[at]) { stop += 1; }
      const part = text.slice(at, stop);
      parts.push(hits[at] ? element("mark", "", part) : part);
      at = stop;
    }
    return parts;
  };

  // As `is_telling` in fitting.py: types that say what goes together.
  const PLAIN = new Set([
    "string", "str", "text", "integer", "int", "float", "double", "boolean", "bool", "jsonarray", "list", "jsonobject",
    "dict", "", "artifact", "any", "data",
  ]);
  const SHORT = /^(?:typing\.)?(\w+)(?:\[.+\])?$/u;
  const isPlain = (type) => PLAIN.has((SHORT.exec(type)?.[1] ?? type).toLowerCase());

  // As `colour_of` in colours.py.
  const colour = (type) => {
    if (isPlain(type)) { return "t6"; }
    let sum = 0;
    for (const letter of type) { sum = (sum * 31 + letter.codePointAt(0)) % 6007; }
    return `t${sum % 6}`;
  };

  const chip = (type) => element("span", `type ${colour(type)}`, element("span", "", type));

  const flow = (it) => {
    const some = (values) => {
      const telling = values.filter((type) => !isPlain(type));
      const listed = telling.length ? telling : values.filter(Boolean).slice(0, 1);
      const made = listed.slice(0, 2).map(chip);
      if (listed.length > 2) { made.push(element("span", "plus", `+${listed.length - 2}`)); }
      return made;
    };
    const [inputs, outputs] = [some(it.values.accepts), some(it.values.produces)];
    if (!inputs.length && !outputs.length) { return ""; }
    const arrow = element("span", "arrow", "→");
    return element("span", "flow", ...inputs, arrow, ...outputs);
  };

  // Why a component matches, if neither its name nor its text shows it.
  const reason = (it, words) => {
    const hidden = words.filter((word) => !it.lowFull.includes(word) && !it.lowTitle.includes(word) && !it.lowText.includes(word) && !it.lowTags.includes(word));
    if (!hidden.length) { return null; }
    const lines = [];
    for (const [what, some] of [["input", it.inputs], ["output", it.outputs]]) {
      for (const port of some) {
        if (hidden.some((word) => port.lowName.includes(word) || port.lowType.includes(word))) { lines.push(`${what} ${port.name}: ${port.type}`); }
      }
    }
    return lines.length ? element("span", "matched", ...marked(lines.slice(0, 3).join("  ·  "), hidden)) : null;
  };

  const row = (it, words) => {
    const link = element("a", "", element("span", "space", ...marked(`${it.ns}/`, words)), ...marked(it.name, words));
    link.href = `c/${it.full}.html`;
    const head = element("div", "item-head", link, element("span", "version", it.version));
    if (it.flags & DEPRECATED) { head.append(element("span", "badge warn", "deprecated")); }
    if (it.flags & YANKED) { head.append(element("span", "badge bad", "yanked")); }
    const text = element("span", "text", ...marked(it.text || it.title, words));
    const made = element("li", "item", head, flow(it), text);
    const why = reason(it, words);
    if (why) { made.append(why); }
    return made;
  };

  const opened = new Set();

  const facet = ([key, label], values) => {
    const chosen = state.chosen[key];
    const known = new Set(values.map(([value]) => value));
    const every = [...values, ...[...chosen].filter((value) => !known.has(value)).map((value) => [value, 0])];
    if (!every.length) { return null; }
    const rank = ([value]) => (isPlain(value) && (key === "produces" || key === "accepts") ? 1 : 0);
    every.sort((one, other) => rank(one) - rank(other) || other[1] - one[1] || (one[0] < other[0] ? -1 : 1));
    const first = opened.has(key) ? every.slice(0, MOST_VALUES) : every.filter(([value], at) => at < FEW || chosen.has(value));
    const box = element("div", "values");
    if (opened.has(key)) { box.tabIndex = 0; box.setAttribute("role", "group"); box.setAttribute("aria-label", label); }
    for (const [value, count] of first) {
      const input = document.createElement("input");
      input.type = "checkbox";
      input.checked = chosen.has(value);
      input.dataset.key = key;
      input.dataset.value = value;
      const name = element("span", "value", value || "no type");
      name.title = value;
      box.append(element("label", "", input, name, element("span", "count", count.toLocaleString("en"))));
    }
    const made = element("fieldset", "facet", element("legend", "", label), box);
    if (every.length > FEW) {
      const more = element("button", "more", opened.has(key) ? "Show fewer" : `Show all ${every.length}`);
      more.type = "button";
      more.dataset.more = key;
      made.append(more);
    }
    return made;
  };

  const drawFacets = (counts) => {
    const focused = document.activeElement;
    const at = focused && facetsBox.contains(focused) ? [focused.dataset.key, focused.dataset.value, focused.dataset.more] : null;
    facetsBox.replaceChildren(...GROUPS.map((group) => facet(group, counts[group[0]] ?? [])).filter(Boolean));
    if (at) {
      for (const each of facetsBox.querySelectorAll("input, button")) {
        if (each.dataset.key === at[0] && each.dataset.value === at[1] && each.dataset.more === at[2]) { each.focus(); }
      }
    }
  };

  const drawChips = () => {
    const made = [];
    for (const [key, label] of GROUPS) {
      for (const value of state.chosen[key]) {
        const button = element("button", "chip", `${label}: ${value || "no type"}`);
        button.type = "button";
        button.setAttribute("aria-label", `Remove ${label}: ${value || "no type"}`);
        button.addEventListener("click", () => { state.chosen[key].delete(value); changed(); box.focus(); });
        made.push(button);
      }
    }
    chips.replaceChildren(...made);
  };

  const number = (count) => count.toLocaleString("en");
  const counted = (count) => (count === 1 ? "1 component" : `${number(count)} components`);

  const words = (count) => {
    if (failed) { return `${number(count)} found; a part of the index cannot be loaded`; }
    if (!complete()) { return `${number(count)} found, searching…`; }
    if (isBlank()) { return counted(count); }
    return `${number(count)} of ${counted(settings.total)}`;
  };

  const moreButton = (label, does) => {
    const button = element("button", "", label);
    button.type = "button";
    button.addEventListener("click", does);
    return button;
  };

  // Before the data are here, the page shows the first components, as it was made.
  const untouched = { rows: [...list.children], left: settings.listed - list.children.length };

  const links = () => [...list.querySelectorAll("a")];

  // A reader may be in the list when more data come, and stays at the same component.
  const drawList = (rows) => {
    const focused = document.activeElement;
    const at = focused && list.contains(focused) ? focused.getAttribute("href") : null;
    list.replaceChildren(...rows);
    if (at !== null) { (links().find((link) => link.getAttribute("href") === at) ?? box).focus({ preventScroll: true }); }
  };

  const drawAsMade = () => {
    drawList(untouched.rows);
    list.hidden = false;
    empty.hidden = true;
    status.textContent = counted(settings.listed);
    drawFacets(settings.facets);
    end.replaceChildren(...(untouched.left > 0 ? [moreButton(`Show all ${number(settings.listed)}`, () => { shown = untouched.rows.length + PAGE; wanted = true; load(); schedule(); })] : []));
  };
  let wanted = false;

  const draw = () => {
    scheduled = false;
    drawChips();
    clear.hidden = isBlank();
    document.getElementById("filter-count").textContent = GROUPS.reduce((sum, [key]) => sum + state.chosen[key].size, 0) || "";
    if (isBlank() && !wanted && !complete()) { drawAsMade(); return; }
    const found = find();
    drawFacets(found.counts);
    drawList(found.items.slice(0, shown).map((it) => row(it, found.words)));
    status.textContent = words(found.items.length);
    const nothing = complete() && found.items.length === 0;
    list.hidden = nothing;
    empty.hidden = !nothing;
    if (nothing) {
      const hidden = !state.deprecated && findAll().items.length;
      document.getElementById("empty-hint").hidden = settings.total === 0;
      document.getElementById("empty-deprecated").hidden = !hidden;
    }
    end.replaceChildren(...(found.items.length > shown ? [moreButton(`Show more (${number(found.items.length - shown)} left)`, showMore)] : []));
  };

  const showMore = () => {
    const before = shown;
    shown += PAGE;
    draw();
    list.children[before]?.querySelector("a").focus({ preventScroll: true });
  };

  let scheduled = false;
  const schedule = () => {
    if (scheduled) { return; }
    scheduled = true;
    // While data arrive, a few looks at what is there are enough.
    if (complete() || isBlank()) { requestAnimationFrame(draw); } else { setTimeout(draw, WHILE_LOADING); }
  };

  const changed = () => {
    shown = PAGE;
    load();
    toAddress();
    schedule();
  };

  // ---- Events ----------------------------------------------------------------------------------------------------

  box.addEventListener("focus", load);
  box.addEventListener("input", () => { state.q = box.value; changed(); });
  sortBox.addEventListener("change", () => { state.sort = sortBox.value; changed(); });
  deprecatedBox.addEventListener("change", () => { state.deprecated = deprecatedBox.checked; changed(); });
  facetsBox.addEventListener("change", (event) => {
    const { key, value } = event.target.dataset;
    if (key === undefined) { return; }
    if (event.target.checked) { state.chosen[key].add(value); } else { state.chosen[key].delete(value); }
    changed();
  });
  facetsBox.addEventListener("click", (event) => {
    const key = event.target.dataset.more;
    if (key === undefined) { return; }
    if (opened.has(key)) { opened.delete(key); } else { opened.add(key); }
    load();
    schedule();
  });
  for (const button of document.querySelectorAll("[data-query]")) {
    button.addEventListener("click", () => { state.q = button.dataset.query; box.value = state.q; changed(); box.focus(); });
  }
  const reset = () => { state = blank(); box.value = ""; sortBox.value = ""; deprecatedBox.checked = false; changed(); box.focus(); };
  clear.addEventListener("click", reset);
  document.getElementById("empty-clear").addEventListener("click", reset);
  document.getElementById("empty-deprecated").addEventListener("click", () => { state.deprecated = true; deprecatedBox.checked = true; changed(); });
  addEventListener("hashchange", () => { fromAddress(); if (!isBlank()) { load(); } schedule(); });

  const move = (event, step) => {
    const all = links();
    const at = all.indexOf(document.activeElement);
    const onList = at >= 0;
    if (!onList && document.activeElement !== box) { return; }
    event.preventDefault();
    if (onList && at + step < 0) { box.focus(); return; }
    const next = all[onList ? at + step : step > 0 ? 0 : -1];
    if (next) { next.focus(); next.closest("li").scrollIntoView({ block: "nearest" }); }
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) { return; }
    const typing = event.target instanceof HTMLElement && event.target.matches("input:not([type=checkbox]), select, textarea");
    if (event.key === "/" && !typing) { event.preventDefault(); box.focus(); box.select(); }
    else if (event.key === "ArrowDown") { move(event, 1); }
    else if (event.key === "ArrowUp") { move(event, -1); }
    else if (event.key === "Enter" && event.target === box) { links()[0]?.click(); }
    else if (event.key === "Escape") {
      if (event.target !== box) { box.focus(); }
      else if (state.q) { event.preventDefault(); state.q = ""; box.value = ""; changed(); }
      else { box.blur(); }
    }
  });

  // On a phone the filters are folded away.
  const folded = document.getElementById("facets");
  const narrow = matchMedia("(max-width: 48rem)");
  const fold = () => { folded.open = !narrow.matches; };
  narrow.addEventListener("change", fold);
  fold();

  fromAddress();
  // Where `/` leads on the pages of components.
  if (location.hash === "#search") { box.focus(); }
  if (settings.eager || !isBlank()) { load(); }
  draw();
})();
