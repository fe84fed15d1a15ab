// Draws a whole tree of plain elements. One NiceGUI element for each of them would take the server a
// hundred times as long, on the event loop that also answers the app. Text becomes text nodes, nothing else.
const drawn = (piece, part) => {
  if (typeof part === "string") return part;
  if (part.slot) return piece.$slots[part.slot]?.();
  const given = { ...part.attributes, class: part.css };
  if (part.act)
    given.onClick = (event) => {
      if (part.tag === "a" && !part.attributes.target) event.preventDefault();
      piece.$emit("act", part.act);
    };
  return Vue.h(part.tag, given, (part.children ?? []).map((child) => drawn(piece, child)));
};

export default {
  props: { tree: String },
  emits: ["act"],
  computed: {
    root() {
      return JSON.parse(this.tree);
    },
  },
  render() {
    return drawn(this, this.root);
  },
};
