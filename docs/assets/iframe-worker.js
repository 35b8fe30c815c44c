// Browsers start no worker for a page that was opened from a file. The worker's script, which searches, runs in a
// hidden frame of the page then. The file's name keeps zensical from loading a script of this kind from a server.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.append(frame);
      this.frame = frame;
      const inner = frame.contentWindow;
      // What the script posts comes to this page. Messages are copied, as between a page and its worker.
      inner.postMessage = (data) => this.receive(structuredClone(data));
      const script = frame.contentDocument.createElement("script");
      script.src = new URL(url, document.baseURI).href;
      this.loaded = new Promise((resolve, reject) => {
        script.onload = resolve;
        script.onerror = reject;
      });
      this.loaded.catch(() => this.dispatchEvent(new Event("error")));
      frame.contentDocument.body.append(script);
    }

    postMessage(data) {
      const copy = structuredClone(data);
      this.loaded.then(() => {
        const inner = this.frame.contentWindow;
        inner.dispatchEvent(new inner.MessageEvent("message", { data: copy }));
      });
    }

    receive(data) {
      const event = new MessageEvent("message", { data });
      this.onmessage?.(event);
      this.dispatchEvent(event);
    }

    terminate() {
      this.frame.remove();
    }
  };
}
