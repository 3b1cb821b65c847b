// The API as functions. A problem (RFC 9457) becomes an Error with a title.

export class Problem extends Error {
  constructor(title, detail, status) {
    super(detail);
    this.title = title;
    this.status = status;
  }
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Problem("The server does not answer", "Is it still running? This starts it: kg serve");
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) {
    const { title = `Status ${response.status}`, detail = "The server gave no reason." } = body;
    throw new Problem(title, detail, response.status);
  }
  return body;
}

const get = (path, parameters = {}) => ask(`${path}?${new URLSearchParams(parameters)}`);
const post = (path, body) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

const userPath = (user) => `/v1/users/${encodeURIComponent(user)}`;

export const catalog = () => get("/v1/catalog");
export const findUsers = async (q) => (await get("/v1/users", { q, n: 8 })).users.map((id) => ({ id, name: id }));
export const findItems = async (q) => (await get("/v1/items", { q, n: 8 })).items;
export const history = (user) => get(`${userPath(user)}/history`, { n: 8, liked: true });
export const item = (id) => get(`/v1/items/${encodeURIComponent(id)}`);
export const forUser = (user, n) => get(`${userPath(user)}/recommendations`, { n });
export const forTaste = (liked, n) => post("/v1/recommendations", { history: liked, n });
export const like = (user, relation, id) => post("/v1/events", { user, relation, item: id });
