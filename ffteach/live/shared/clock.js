// The clock of a panel. Its timer belongs to the model, not to a view: a panel that is shown twice
// has one clock, and none of its views stops it.

function initialize({ model }) {
  let timer = null;

  function tick() {
    timer = null;
    if (!model.get("playing")) return;
    model.set("value", model.get("value") + 1);
    model.save_changes();
    timer = setTimeout(tick, model.get("interval"));
  }

  function start() {
    if (model.get("playing")) timer ??= setTimeout(tick, 0);
  }

  model.on("change:playing", start);
  start();
  return () => {
    model.off("change:playing", start);
    clearTimeout(timer);
  };
}

function render() {} // there is nothing to be seen

export default { initialize, render };
