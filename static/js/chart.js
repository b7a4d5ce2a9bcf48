// The panel's chart: draws what two live parts bring, the slots that are over and those under way.
"use strict";
(() => {
  const box = document.getElementById("flow-chart");
  if (!box) return;
  const plot = box.querySelector(".flow-plot");
  const { zone } = box.dataset;
  const { lang } = document.documentElement;
  const LINES = [["sent", "--working", "--working-soft"], ["delivered", "--done"], ["failed", "--now", "--now-soft"]];
  const number = new Intl.NumberFormat(lang);
  const clock = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone });
  const day = new Intl.DateTimeFormat(lang, { weekday: "short", day: "numeric", timeZone: zone });
  const time = (seconds) => clock.format(seconds * 1000);
  const points = (id) => JSON.parse(document.getElementById(id).dataset.points);

  let chart = null;
  let drawn = "";
  let step = 300;

  // The slots that are over, and in their place the later word on the last ones. What neither tells is empty.
  const read = () => {
    const past = points("panel-flow");
    step = past.step;
    const columns = LINES.map(([name]) => past[name]);
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
    LINES.forEach(([name], line) => put(name, number.format(chart.data[line + 1][at])));
  };

  const size = () => ({ width: plot.clientWidth, height: plot.clientHeight });
  const draw = (data) => {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour("--ink-soft"), font: "12px system-ui, sans-serif", ticks: { show: false } };
    const stepped = uPlot.paths.stepped({ align: 1, extend: true });
    if (chart) chart.destroy();
    chart = new uPlot({
      ...size(),
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      hooks: { setCursor: [() => chart && tell()] },
      scales: { x: { range: (_, min, max) => [min, max + step] }, y: { range: (_, min, max) => [0, Math.max(4, max * 1.08)] } },
      axes: [
        { ...axis, grid: { show: false }, space: 60, size: 28,
          values: (_, splits) => splits.map((at) => (time(at) === "00:00" ? day.format(at * 1000) : time(at))) },
        { ...axis, grid: { stroke: colour("--line"), width: 1 }, size: 48, space: 36,
          incrs: [1, 2, 5].flatMap((unit) => [1, 10, 100, 1e3, 1e4].map((power) => unit * power)).sort((a, b) => a - b),
          values: (_, splits) => splits.map((value) => number.format(value)) },
      ],
      series: [{}, ...LINES.map(([name, stroke, fill]) => ({
        label: name, stroke: colour(stroke), fill: fill && colour(fill), width: 1.5, paths: stepped, points: { show: false },
      }))],
    }, data, plot);
  };

  const renew = () => {
    const told = document.getElementById("panel-flow").dataset.points + document.getElementById("panel-now").dataset.points;
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
  new MutationObserver(renew).observe(box.parentElement.parentElement, { subtree: true, childList: true, attributeFilter: ["data-points"] });
  new MutationObserver(() => { if (chart) { draw(chart.data); tell(); } }).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
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
