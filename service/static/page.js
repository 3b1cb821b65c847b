// The page: what is picked lives in `state` and in the address; `refresh` shows what the API says of it.

import * as api from "./api.js";
import { combobox } from "./combobox.js";
import { graph } from "./graph.js";

const PAGE = 10;
const MOST = 200; // the API's bound
const $ = (id) => document.getElementById(id);

const state = { mode: "user", user: "", taste: [], n: PAGE };
let words; // the catalog's labels
let shown = { for: "", ids: new Set(), explanations: new Map() };
let latest = 0; // only the newest question may change the page

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const say = (text) => ($("said").textContent = text);

function readAddress() {
  const parameters = new URLSearchParams(location.hash.slice(1));
  state.taste = parameters.getAll("like").map((id) => ({ id })); // `named` adds the names
  state.mode = state.taste.length ? "taste" : "user";
  state.user = parameters.get("user") ?? "";
}

function writeAddress() {
  const picked = state.mode === "user" ? [["user", state.user]] : state.taste.map(({ id }) => ["like", id]);
  history.replaceState(null, "", `#${new URLSearchParams(picked)}`);
}

function chip({ id, name }) {
  const li = document.createElement("li");
  li.textContent = name;
  if (state.mode === "taste") {
    const remove = document.createElement("button");
    remove.type = "button";
    remove.textContent = "×";
    remove.setAttribute("aria-label", `Remove ${name}`);
    remove.addEventListener("click", () => {
      state.taste = state.taste.filter((other) => other.id !== id);
      refresh();
      $("item").focus();
    });
    li.append(remove);
  }
  return li;
}

function showHistory(items, inAll) {
  $("history").replaceChildren(...items.map(chip));
  const more = inAll - items.length;
  $("history-rest").textContent = inAll ? (more ? `and ${more} more` : "") : "Nothing yet.";
}

function properties(values) {
  return Object.entries(values)
    .filter(([name, value]) => name !== "name" && String(value).length <= 40 && !String(value).includes("://"))
    .map(([name, value]) => `${words.properties[name] ?? name}: ${value}`)
    .join(" · ");
}

function why(figure, explanation) {
  if (explanation.path.length) {
    figure.replaceChildren(graph(explanation, words, figure.clientWidth));
    return;
  }
  const text = document.createElement("figcaption");
  text.className = "muted small";
  text.textContent = explanation.text;
  figure.replaceChildren(text);
}

function card(recommendation, isNew) {
  const li = $("card").content.firstElementChild.cloneNode(true);
  const part = (name) => li.querySelector(`.${name}`);
  li.dataset.id = recommendation.id;
  part("rank").textContent = `${recommendation.rank}.`;
  part("name").textContent = recommendation.name;
  part("fresh").hidden = !isNew;
  part("properties").textContent = properties(recommendation.properties);
  part("like").setAttribute("aria-label", `I like ${recommendation.name}`);
  part("like").addEventListener("click", (event) => likeIt(recommendation, event.currentTarget));
  const sources = recommendation.sources.join(", ").replaceAll("_", " ") || "filled up with what is popular";
  part("found").textContent = `Score ${recommendation.score.toFixed(3)}. Sources: ${sources}.`;
  const { cypher, parameters } = recommendation.explanation;
  if (cypher) {
    part("cypher").hidden = false;
    part("cypher").textContent = `${cypher}\n${JSON.stringify(parameters)}`;
  }
  return li;
}

function showAnswer(answer, unknown) {
  const asked = state.mode === "user" ? `${state.n} for user ${state.user}` : `${state.n} for a taste`;
  const before = shown.for === asked ? shown.ids : null;
  shown = {
    for: asked,
    ids: new Set([...(before ?? []), ...answer.items.map((r) => r.id)]),
    explanations: new Map(answer.items.map((r) => [r.id, r.explanation])),
  };
  $("cards").replaceChildren(...answer.items.map((r) => card(r, before !== null && !before.has(r.id))));
  drawAll();
  $("more").hidden = answer.items.length < state.n || state.n >= MOST;
  $("took").textContent = `Answered in ${answer.took_ms.toFixed(1)} ms by model ${answer.model.version}.`;
  note(answer, unknown);
}

function note(answer, unknown) {
  const notes = [];
  if (unknown.length) notes.push(`Not in this catalog: ${unknown.join(", ")}.`);
  if (!answer.items.length) notes.push("There is nothing left to recommend.");
  else if (answer.cold && state.mode === "user")
    notes.push(`This ${words.user.label} likes nothing yet, so this is what is popular with everybody.`);
  else if (answer.cold) notes.push("This is what is popular with everybody. Pick something to make it yours.");
  if (answer.degraded.length) notes.push(`Missing while this was answered: ${answer.degraded.join(", ")}.`);
  $("note").textContent = notes.join(" ");
  $("note").hidden = !notes.length;
}

function drawAll() {
  for (const li of $("cards").children) why(li.querySelector(".why"), shown.explanations.get(li.dataset.id));
}

function showProblem(problem) {
  $("problem").hidden = false;
  $("problem-title").textContent = problem.title ?? "Something went wrong";
  $("problem-detail").textContent = problem.message;
  $("cards").replaceChildren();
  for (const id of ["more", "note"]) $(id).hidden = true;
  $("took").textContent = "";
}

function showPicker() {
  $("pick-user").hidden = state.mode !== "user";
  $("pick-items").hidden = state.mode !== "taste";
  document.querySelector(`input[name=mode][value=${state.mode}]`).checked = true;
  if (document.activeElement !== $("user")) $("user").value = state.user;
  const name = state.mode === "user" ? `${words.user.label} ${state.user}` : "your taste";
  $("list-title").textContent = `Recommendations for ${name}`;
}

// What an address leaves open: somebody to begin with, and the names of a taste. An item may be gone by now.
async function complete() {
  const named = async (item) => (item.name === undefined ? api.item(item.id) : item);
  const gone = (problem) => {
    if (problem.status !== 404) throw problem;
  };
  const user = state.user || ((await api.findUsers(""))[0]?.id ?? "new");
  const taste = await Promise.all(state.taste.map((item) => named(item).catch(gone)));
  return { user, taste: taste.filter(Boolean), unknown: state.taste.filter((_, i) => !taste[i]).map(({ id }) => id) };
}

async function refresh() {
  const mine = (latest += 1);
  $("list").setAttribute("aria-busy", "true");
  try {
    words ??= await begin();
    const { unknown, ...known } = await complete();
    if (mine !== latest) return;
    Object.assign(state, known);
    showPicker();
    writeAddress();
    const taste = state.taste.map(({ id }) => id);
    const [answer, liked] =
      state.mode === "user"
        ? await Promise.all([api.forUser(state.user, state.n), api.history(state.user)])
        : await Promise.all([api.forTaste(taste, state.n), { items: state.taste, n_items: taste.length }]);
    if (mine !== latest) return;
    $("problem").hidden = true;
    showHistory(liked.items, liked.n_items);
    showAnswer(answer, unknown);
  } catch (problem) {
    if (mine === latest) showProblem(problem);
  } finally {
    if (mine === latest) $("list").removeAttribute("aria-busy");
  }
}

async function likeIt(recommendation, button) {
  button.disabled = true;
  try {
    if (state.mode === "user") await api.like(state.user, words.events[0].relation, recommendation.id);
    else state.taste.push({ id: recommendation.id, name: recommendation.name });
    await refresh();
    say(`Liked ${recommendation.name}. The list is new.`);
    $("list").focus({ preventScroll: true });
  } catch (problem) {
    showProblem(problem);
  }
}

// What is needed once: the catalog's words.
async function begin() {
  const found = await api.catalog();
  $("facts").textContent = `${found.n_items.toLocaleString("en")} × ${found.item.label}, ${found.n_users.toLocaleString("en")} × ${found.user.label}`;
  $("mode-user").textContent = `One ${found.user.label}`;
  $("user-label").textContent = capital(found.user.label);
  $("item-label").textContent = `Search: ${found.item.label}`;
  return found;
}

combobox($("user"), api.findUsers, ({ id }) => pick({ user: id }), { free: true });
combobox($("item"), api.findItems, (item) => {
  if (!state.taste.some(({ id }) => id === item.id)) pick({ taste: [...state.taste, item] });
});

$("user").addEventListener("blur", () => ($("user").value = state.user)); // what was typed and not picked

function pick(change) {
  Object.assign(state, { n: PAGE }, change);
  refresh();
}

for (const radio of document.querySelectorAll("input[name=mode]")) {
  radio.addEventListener("change", () => pick({ mode: radio.value }));
}
$("who").addEventListener("submit", (event) => event.preventDefault());
$("more").addEventListener("click", () => {
  state.n = Math.min(state.n + PAGE, MOST);
  refresh();
});
$("retry").addEventListener("click", async () => {
  await refresh();
  if ($("problem").hidden) $("list").focus(); // the button that had the focus is gone
});
// A link would put its target into the address, where the state lives.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  $("list").focus();
});
window.addEventListener("resize", drawAll);
window.addEventListener("hashchange", () => {
  readAddress();
  refresh();
});
readAddress();
refresh();
