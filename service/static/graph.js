// An explanation as a small graph: entities in a row, or in a column where a row does not fit.
// `words` is the API's catalog: the labels of classes and relations.

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 44; // of an entity whose name has one line
const LINE = 17; // what another line adds
const PAD = 14; // beside its text
const LENGTHS = [48, 40, 32, 28, 25, 22, 19]; // characters of a line: as many as a row has room for
const DOWN = 28; // the same in a column
const ROW = 22; // between two entities of a column, besides the relation's words
const GAP = 30; // of a relation's line, besides its words

const ruler = document.createElement("canvas").getContext("2d");

function width(text, size, weight = 400) {
  ruler.font = `${weight} ${size}px system-ui, sans-serif`;
  return Math.ceil(ruler.measureText(text).width);
}

function draw(parent, name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

// A long name takes two lines, parted near its middle. What is too long even so is cut there: the names of a series
// differ at their ends.
function lines(name, most) {
  if (name.length <= most) return [name];
  const middle = name.length / 2;
  const spaces = [...name.matchAll(/\s/g)].map((match) => match.index);
  const at = spaces.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle))[0] ?? Math.floor(middle);
  const [begin, end] = [name.slice(0, at).trimEnd(), name.slice(at).trimStart()];
  return [
    begin.length > most ? `${begin.slice(0, most - 1).trimEnd()}…` : begin,
    end.length > most ? `…${end.slice(1 - most).trimStart()}` : end,
  ];
}

function measure(path, words, most) {
  const entities = [path[0].start, ...path.map((step) => step.end)].map((entity) => {
    const kind = words.classes[entity.class] ?? entity.class;
    const shown = lines(entity.name, most);
    const widest = Math.max(width(kind, 11), ...shown.map((line) => width(line, 14, 600)));
    return { ...entity, kind, shown, width: widest + 2 * PAD, height: HEIGHT + LINE * (shown.length - 1) };
  });
  const steps = path.map(({ relation, inverse }) => {
    const label = words.relations[relation] ?? relation;
    return { inverse, label, width: width(label, 12) + GAP };
  });
  return { entities, steps };
}

const rowWidth = ({ entities, steps }) => [...entities, ...steps].reduce((sum, part) => sum + part.width, 2);

// Both place the entities, and give the size of the drawing.
function placeAcross(parts) {
  const height = Math.max(...parts.entities.map((e) => e.height));
  let x = 1;
  parts.entities.forEach((entity, i) => {
    Object.assign(entity, { x, y: 1, height });
    x += entity.width + (parts.steps[i]?.width ?? 0);
  });
  return { across: true, width: rowWidth(parts), height: height + 2 };
}

function placeDown({ entities, steps }) {
  const widest = Math.max(...entities.map((e) => e.width));
  const words = Math.max(...steps.map((s) => s.width));
  let y = 1;
  for (const entity of entities) {
    Object.assign(entity, { x: 1, y });
    y += entity.height + 2 * ROW;
  }
  return { across: false, width: Math.max(widest, 28 + words) + 2, height: y - 2 * ROW + 1 };
}

function drawEntity(svg, entity, itemClass) {
  const ours = entity.class === itemClass;
  const group = draw(svg, "g", { class: ours ? "entity ours" : "entity" });
  const { x, y, width, height, shown } = entity;
  draw(group, "rect", { x, y, width, height, rx: ours ? 8 : HEIGHT / 2 });
  const middle = x + width / 2;
  const top = y + (height - HEIGHT - LINE * (shown.length - 1)) / 2;
  draw(group, "text", { x: middle, y: top + 17, class: "kind" }, entity.kind);
  shown.forEach((line, i) => draw(group, "text", { x: middle, y: top + 34 + i * LINE, class: "label" }, line));
  draw(group, "title", {}, `${entity.kind}: ${entity.name}`);
}

// The arrow points from head to tail, and so its words are read, whichever way the path is walked.
function drawStep(svg, from, to, step, across) {
  const group = draw(svg, "g", { class: "step" });
  let [x1, y1, x2, y2] = [from.x + from.width + 2, from.y + from.height / 2, to.x - 2, to.y + to.height / 2];
  if (!across) [x1, y1, x2, y2] = [22, from.y + from.height + 2, 22, to.y - 2];
  const tip = step.inverse ? [x1, y1] : [x2, y2];
  draw(group, "line", { x1, y1, x2, y2 });
  const back = (step.inverse ? 1 : -1) * 7;
  const [px, py] = tip;
  const points = across
    ? `${px},${py} ${px + back},${py - 4} ${px + back},${py + 4}`
    : `${px},${py} ${px - 4},${py + back} ${px + 4},${py + back}`;
  draw(group, "polygon", { points });
  const words = across
    ? { x: (x1 + x2) / 2, y: y1 - 6, "text-anchor": "middle" }
    : { x: 34, y: (y1 + y2) / 2 + 4, "text-anchor": "start" };
  draw(group, "text", words, step.label);
}

export function graph(explanation, words, room) {
  const tries = LENGTHS.map((most) => measure(explanation.path, words, most));
  const fitting = tries.find((parts) => rowWidth(parts) <= room);
  const parts = fitting ?? measure(explanation.path, words, DOWN);
  const size = fitting ? placeAcross(parts) : placeDown(parts);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", explanation.text);
  svg.setAttribute("width", size.width);
  svg.setAttribute("height", size.height);
  svg.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`);
  parts.steps.forEach((step, i) => drawStep(svg, parts.entities[i], parts.entities[i + 1], step, size.across));
  for (const entity of parts.entities) drawEntity(svg, entity, words.item.class);
  return svg;
}
