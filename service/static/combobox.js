// A text field with suggestions, after the ARIA combobox pattern: arrow keys, Enter, Escape.
// A `free` field takes what is not suggested too, and goes on showing what was taken.

export function combobox(input, find, choose, { free = false } = {}) {
  const list = document.createElement("ul");
  list.id = `${input.id}-options`;
  list.className = "options";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Suggestions");
  list.hidden = true;
  input.after(list);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");

  let options = [];
  let active = -1;
  let asked = 0;
  let untouched = true; // since it got the focus: a free field shows what was taken then, which nobody looks for

  function close() {
    list.hidden = true;
    active = -1;
    asked += 1; // an answer that is still on its way is not shown any more
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function take(option) {
    input.value = free ? option.id : "";
    untouched = true;
    close();
    choose(option);
  }

  function mark(index) {
    active = index;
    [...list.children].forEach((li, i) => li.setAttribute("aria-selected", String(i === active)));
    const chosen = list.children[active];
    if (chosen) {
      input.setAttribute("aria-activedescendant", chosen.id);
      chosen.scrollIntoView({ block: "nearest" });
    }
  }

  function show(found) {
    options = found;
    active = -1;
    list.replaceChildren(
      ...found.map((option, i) => {
        const li = document.createElement("li");
        li.id = `${list.id}-${i}`;
        li.setAttribute("role", "option");
        li.textContent = option.name;
        li.addEventListener("pointerdown", (event) => {
          event.preventDefault(); // keep the focus in the field
          take(option);
        });
        return li;
      }),
    );
    if (!found.length && !free) {
      const none = document.createElement("li");
      none.className = "muted";
      none.setAttribute("role", "option");
      none.setAttribute("aria-disabled", "true");
      none.textContent = "Nothing has this name";
      list.append(none);
    }
    list.hidden = !list.children.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
  }

  async function suggest() {
    const mine = (asked += 1);
    const found = await find(free && untouched ? "" : input.value.trim()).catch(() => []);
    if (mine === asked && document.activeElement === input) show(found);
  }

  function step(by) {
    if (options.length) mark((active + by + options.length + (active < 0 && by < 0 ? 1 : 0)) % options.length);
  }

  input.addEventListener("input", () => {
    untouched = false;
    suggest();
  });
  input.addEventListener("focus", () => {
    untouched = true;
    if (free) input.select();
    suggest();
  });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return; // Enter ends a composed character, not the choice
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) suggest();
      else step(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const typed = input.value.trim();
      if (active >= 0) take(options[active]);
      else if (free && typed) take({ id: typed, name: typed });
      else if (!free && !list.hidden && options.length) take(options[0]);
    } else if (event.key === "Escape") {
      close();
    }
  });
}
