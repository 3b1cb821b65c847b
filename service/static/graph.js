// An explanation as a small graph: entities in a row, or in a column where a row does not fit.
// `words` is the API's catalog: the labels of classes and relations.

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 44; // of an entity
const PAD = 14; // beside its text
const LENGTHS = [40, 32, 26, 20]; // characters of a name: as many as a row has room for
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

const short = (name, most) => (name.length > most ? `${name.slice(0, most - 1).trimEnd()}…` : name);

function measure(path, words, most) {
  const entities = [path[0].start, ...path.map((step) => step.end)].map((entity) => {
    const kind = words.classes[entity.class] ?? entity.class;
    return { ...entity, kind, shown: short(entity.name, most) };
  });
  for (const e of entities) e.width = Math.max(width(e.shown, 14, 600), width(e.kind, 11)) + 2 * PAD;
  const steps = path.map(({ relation, inverse }) => {
    const label = words.relations[relation] ?? relation;
    return { inverse, label, width: width(label, 12) + GAP };
  });
  return { entities, steps };
}

const rowWidth = ({ entities, steps }) => [...entities, ...steps].reduce((sum, part) => sum + part.width, 2);

// Both place the entities, and give the size of the drawing.
function placeAcross(parts) {
  let x = 1;
  parts.entities.forEach((entity, i) => {
    Object.assign(entity, { x, y: 1 });
    x += entity.width + (parts.steps[i]?.width ?? 0);
  });
  return { across: true, width: rowWidth(parts), height: HEIGHT + 2 };
}

function placeDown({ entities, steps }) {
  const widest = Math.max(...entities.map((e) => e.width));
  const words = Math.max(...steps.map((s) => s.width));
  const down = HEIGHT + 2 * ROW;
  entities.forEach((entity, i) => Object.assign(entity, { x: 1, y: 1 + i * down }));
  return {
    across: false,
    width: Math.max(widest, 28 + words) + 2,
    height: (entities.length - 1) * down + HEIGHT + 2,
  };
}

function drawEntity(svg, entity, itemClass) {
  const ours = entity.class === itemClass;
  const group = draw(svg, "g", { class: ours ? "entity ours" : "entity" });
  const box = { x: entity.x, y: entity.y, width: entity.width, height: HEIGHT, rx: ours ? 8 : HEIGHT / 2 };
  draw(group, "rect", box);
  const middle = entity.x + entity.width / 2;
  draw(group, "text", { x: middle, y: entity.y + 17, class: "kind" }, entity.kind);
  draw(group, "text", { x: middle, y: entity.y + 34, class: "label" }, entity.shown);
  draw(group, "title", {}, `${entity.kind}: ${entity.name}`);
}

// The arrow points from head to tail, and so its words are read, whichever way the path is walked.
function drawStep(svg, from, to, step, across) {
  const group = draw(svg, "g", { class: "step" });
  let [x1, y1, x2, y2] = [from.x + from.width + 2, from.y + HEIGHT / 2, to.x - 2, to.y + HEIGHT / 2];
  if (!across) [x1, y1, x2, y2] = [22, from.y + HEIGHT + 2, 22, to.y - 2];
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
  const parts = fitting ?? tries[2];
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
