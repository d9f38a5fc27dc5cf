// Search in pages that are opened from disk: browsers refuse a Worker there, so its script runs in a hidden frame.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.waiting = [];
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.srcdoc = "<!doctype html><title>search</title>";
      frame.addEventListener("load", () => {
        const inside = frame.contentWindow;
        const load = (address) => new Promise((resolve, reject) => {
          const script = inside.document.createElement("script");
          script.src = address;
          script.onload = resolve;
          script.onerror = () => reject(new Error(`${address} could not be loaded`));
          inside.document.head.append(script);
        });
        inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", {data}));
        inside.importScripts = (...addresses) => Promise.all(addresses.map(load));
        load(new URL(url, document.baseURI).href).then(() => {
          this.send = (data) => inside.dispatchEvent(new MessageEvent("message", {data}));
          this.waiting.splice(0).forEach(this.send);
        });
      }, {once: true});
      document.body.append(frame);
    }

    postMessage(data) {
      this.send ? this.send(data) : this.waiting.push(data);
    }
  };
}
