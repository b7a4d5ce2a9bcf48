// The panel's chart: draws what two live parts bring, the slots that are over and those under way.
"use strict";
(() => {
  const box = document.getElementById("flow-chart");
  if (!box) return;
  const plot = box.querySelector(".flow-plot");
  const { names, number, time, options } = chartLook(box.dataset.zone);
  const points = (id) => JSON.parse(document.getElementById(id).dataset.points);

  let chart = null;
  let drawn = "";
  let step = 300;

  // The slots that are over, and in their place the later word on the last ones. What neither tells is empty.
  const read = () => {
    const past = points("panel-flow");
    step = past.step;
    const columns = names.map((name) => past[name]);
    for (const [at, ...counts] of points("panel-now")) {
      const place = (at - past.start) / step;
      columns.forEach((column, line) => {
        while (column.length <= place) column.push(0);
        column[place] = counts[line];
      });
    }
    return [columns[0].map((_, place) => past.start + place * step), ...columns];
  };

  const last = () => chart.data[0].length - 1;
  const place = () => {
    const left = chart.cursor.left ?? -1;
    if (left < 0) return last();
    const found = Math.floor((chart.posToVal(left, "x") - chart.data[0][0]) / step);
    return Math.min(Math.max(found, 0), last());
  };
  const tell = () => {
    const at = place();
    const put = (name, text) => { box.querySelector(`[data-value=${name}]`).textContent = text; };
    put("time", `${time(chart.data[0][at])}–${time(chart.data[0][at] + step)}`);
    names.forEach((name, line) => put(name, number.format(chart.data[line + 1][at])));
  };

  const size = () => ({ width: plot.clientWidth, height: plot.clientHeight });
  const draw = (data) => {
    if (chart) chart.destroy();
    chart = new uPlot({ ...size(), ...options(step), hooks: { setCursor: [() => chart && tell()] } }, data, plot);
  };

  const renew = () => {
    const told = ["panel-flow", "panel-now"].map((id) => document.getElementById(id).dataset.points).join();
    if (told === drawn) return;
    drawn = told;
    const data = read();
    const empty = data.slice(1).every((column) => column.every((count) => !count));
    box.dataset.drawn = empty ? "empty" : "yes";
    if (empty) return;
    if (chart) chart.setData(data); else draw(data);
    tell();
  };
  renew();
  const parts = { subtree: true, childList: true, attributeFilter: ["data-points"] };
  new MutationObserver(renew).observe(box.parentElement.parentElement, parts);
  const repaint = () => { if (chart) { draw(chart.data); tell(); } };
  new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
  new ResizeObserver(() => { if (chart) chart.setSize(size()); }).observe(plot);

  // The arrow keys go from slot to slot, Escape back to the last one.
  box.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -12, PageDown: 12 }[event.key];
    if (!chart || !(by || event.key === "Escape")) return;
    event.preventDefault();
    const at = Math.min(Math.max(place() + (by || 0), 0), last());
    chart.setCursor(by ? { left: chart.valToPos(chart.data[0][at] + step / 2, "x"), top: 0 } : { left: -10, top: -10 });
  });
})();
