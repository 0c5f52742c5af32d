// The field of one guess: a question with radio buttons, a number or a short text, and under it
// what is known so far. Nothing leaves the page but to its own kernel.

function element(parent, kind, properties = {}) {
  return parent.appendChild(Object.assign(document.createElement(kind), properties));
}

function render({ model, el }) {
  const group = `guess-${Math.random()}`; // the radio buttons of this view
  const kind = model.get("kind"), [low, high] = model.get("between");
  const field = element(el, "fieldset", { className: "ff-guess-field" });
  element(field, "legend", { textContent: model.get("question") });
  const row = element(field, "div");
  const inputs = kind === "choice" ? model.get("choices").map(radio) : [single()];
  const status = element(row, "div");
  status.setAttribute("role", "status");
  for (const input of inputs) {
    input.dataset.lmSuppressShortcuts = "true"; // its keys are not JupyterLab's commands
    input.addEventListener("change", () => take(input));
    input.addEventListener("keydown", event => event.key === "Enter" && take(input));
  }

  function radio(choice) {
    const label = element(row, "label");
    const input = element(label, "input", { type: "radio", name: group, value: choice });
    label.append(choice);
    return input;
  }

  function single() {
    const label = element(row, "label"), number = kind === "number";
    if (number) label.append(`${low} to ${high}`);
    const limits = number ? { min: low, max: high, step: "any" } : { maxLength: 300 };
    const input = element(label, "input", { type: kind, ...limits });
    input.setAttribute("aria-label", model.get("question"));
    label.append(model.get("unit"));
    return input;
  }

  function take(input) {
    if (!input.checkValidity()) status.textContent = `Give a number from ${low} to ${high}.`;
    else {
      model.set("value", input.value);
      model.save_changes();
    }
  }

  function follow() {
    for (const input of inputs) {
      if (kind === "choice") input.checked = input.value === model.get("value");
      else input.value = model.get("value");
      input.disabled = model.get("settled");
    }
    status.textContent = model.get("said");
  }

  model.on("change", follow);
  follow();
  return () => model.off("change", follow);
}

export default { render };
