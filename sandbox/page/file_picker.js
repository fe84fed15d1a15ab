// Chooses files, uploads each of them at once, and tells the page the ids of those that are chosen.
// What is said in here is made of text nodes only, as in piece.js.
const content = (file) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(",")[1] ?? "");
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });

const upload = async (user, file) => {
  const body = JSON.stringify({ user, name: file.name, content_base64: await content(file) });
  const headers = { "Content-Type": "application/json" };
  const answer = await (await fetch("/person/files", { method: "POST", headers, body })).json();
  if (!answer.ok) throw new Error(answer.detail ?? answer.error);
  return answer.file;
};

const size = (bytes) => (bytes < 1000 ? `${bytes} B` : bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

export default {
  props: { user: String, label: String, chosen: String, kinds: String, most: Number, largest: Number },
  emits: ["choose"],
  data() {
    return { files: JSON.parse(this.chosen), uploading: 0, wrong: "", dragged: false };
  },
  computed: {
    accepted() {
      return JSON.parse(this.kinds);
    },
  },
  methods: {
    fault(file) {
      const kind = file.name.includes(".") ? file.name.split(".").pop().toLowerCase() : "";
      if (this.accepted.length && !this.accepted.includes(kind))
        return `${file.name} is none of: ${this.accepted.join(", ")}.`;
      if (file.size > this.largest) return `${file.name} is larger than ${size(this.largest)}.`;
      return "";
    },
    async add(given) {
      const several = [...given];
      this.wrong = several.map((file) => this.fault(file)).find(Boolean) ?? "";
      if (this.files.length + this.uploading + several.length > this.most)
        this.wrong = `At most ${this.most} ${this.most === 1 ? "file" : "files"}.`;
      if (this.wrong) return;
      this.uploading += several.length;
      for (const file of several) {
        try {
          const kept = await upload(this.user, file);
          this.files.push({ id: kept.id, name: kept.name, size: kept.size, picture: "thumb_360" in kept });
        } catch (problem) {
          this.wrong = `${file.name} was not uploaded: ${problem.message}`;
        }
        this.uploading -= 1;
      }
      this.tell();
    },
    remove(id) {
      this.files = this.files.filter((file) => file.id !== id);
      this.wrong = "";
      this.tell();
    },
    tell() {
      this.$emit("choose", this.files.map((file) => file.id));
    },
    line(file) {
      const mark = file.picture
        ? Vue.h("img", { class: "picked__preview", src: `/files/${file.id}`, alt: "" })
        : Vue.h("i", { class: "icon notranslate material-icons-outlined", "aria-hidden": "true" }, "description");
      const remove = { class: "tool", type: "button", "aria-label": `Remove ${file.name}`, onClick: () => this.remove(file.id) };
      const cross = Vue.h("i", { class: "icon notranslate material-icons", "aria-hidden": "true" }, "close");
      return Vue.h("li", { class: "picked", key: file.id, "data-testid": "picked-file" }, [
        mark,
        Vue.h("span", { class: "picked__name" }, file.name),
        Vue.h("span", { class: "picked__size" }, size(file.size)),
        Vue.h("button", remove, [cross]),
      ]);
    },
    chooser() {
      const native = Vue.h("input", {
        type: "file",
        class: "picker__native",
        "aria-label": this.label,
        multiple: this.most > 1,
        accept: this.accepted.map((kind) => `.${kind}`).join(","),
        onChange: (event) => {
          this.add(event.target.files);
          event.target.value = "";
        },
      });
      const words = this.uploading ? "Uploading…" : this.most > 1 ? "Choose files" : "Choose a file";
      const sign = Vue.h("i", { class: "icon notranslate material-icons-outlined", "aria-hidden": "true" }, "file_upload");
      const hint = Vue.h("span", { class: "picker__hint" }, this.accepted.length ? this.accepted.join(", ") : "or drop them here");
      return Vue.h("label", { class: "picker__chooser" }, [native, sign, Vue.h("span", { class: "picker__words" }, words), hint]);
    },
  },
  render() {
    const dropping = (event, dragged) => {
      event.preventDefault();
      this.dragged = dragged;
    };
    const given = {
      class: ["picker", { "picker--dragged": this.dragged }],
      onDragover: (event) => dropping(event, true),
      onDragleave: (event) => dropping(event, false),
      onDrop: (event) => {
        dropping(event, false);
        this.add(event.dataTransfer.files);
      },
    };
    return Vue.h("div", given, [
      this.files.length ? Vue.h("ul", { class: "picker__files" }, this.files.map(this.line)) : null,
      this.files.length < this.most ? this.chooser() : null,
      this.wrong ? Vue.h("div", { class: "input__error", role: "alert" }, this.wrong) : null,
    ]);
  },
};
