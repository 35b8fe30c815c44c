(() => {
  "use strict";
  // `comp catalog serve` numbers its builds: this page is of one, and each new one is announced.
  const [navigation] = performance.getEntriesByType("navigation");
  const own = navigation?.serverTiming.find((each) => each.name === "build")?.description;
  new EventSource("/-/changes").addEventListener("message", (event) => {
    if (event.data !== own) { location.reload(); }
  });
})();
