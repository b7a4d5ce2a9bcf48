// Files, on their way out and in: WhatsApp's OpaqueData and MediaPrep, and what a message has of them.

import { dataUrlOf } from "./files.js";
import { ask } from "./link.js";

export class OpaqueData {
  constructor(blob) {
    this.blob = blob;
  }

  static async createFromData(data, type) {
    return new OpaqueData(data instanceof Blob ? data : new Blob([data], { type }));
  }

  throwIfReleased() {}

  forceToBlob() {
    return this.blob;
  }
}

function kindOf(mimetype, asDocument) {
  const kind = mimetype.split("/")[0];
  return !asDocument && ["image", "video", "audio"].includes(kind) ? kind : "document";
}

// What wa-js asks of a message with a file: `downloadMedia` fetches it, and only then is there a blob.
export function mediaOf(record) {
  const mediaData = { type: record.type, mimetype: record.mimetype, size: record.size, filename: record.filename };
  return {
    mediaData,
    async downloadMedia() {
      const { data } = await ask({ op: "media", id: record.id });
      if (!data) return;
      const [head, body] = data.split(",");
      const bytes = Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0));
      mediaData.mediaBlob = new OpaqueData(new Blob([bytes], { type: head.slice(5).split(";")[0] }));
    },
  };
}

// wa-js prepares a file and then hands it to `sendToChat`; `send` is what both of them come down to.
export function preparer(send) {
  return function prepRawMedia(opaque, options) {
    const blob = opaque.forceToBlob();
    const kind = kindOf(blob.type, options.asDocument);
    const mediaData = { type: kind, mimetype: blob.type, size: blob.size, filename: blob.name, mediaBlob: opaque };
    return {
      mediaData,
      waitForPrep: async () => mediaData,
      // wa-js looks at the number of the parameters to know how to call it.
      async sendToChat({ chat, options: given }) {
        const raw = given.productMsgOptions;
        const [, done] = await send(
          chat,
          {
            ...raw,
            type: kind,
            caption: given.caption,
            mimetype: blob.type,
            size: blob.size,
            filename: blob.name ?? raw.filename,
            mediaData,
          },
          await dataUrlOf(blob),
        );
        return done;
      },
    };
  };
}
