// How the panel's chart looks: lines, axes, colours, and how it writes times and numbers. chart.js draws with it.
"use strict";
globalThis.chartLook = (zone) => {
  const { lang } = document.documentElement;
  const lines = [["sent", "--working", "--working-soft"], ["delivered", "--done"], ["failed", "--now", "--now-soft"]];
  const number = new Intl.NumberFormat(lang);
  const clock = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone });
  const day = new Intl.DateTimeFormat(lang, { weekday: "short", day: "numeric", timeZone: zone });
  const time = (seconds) => clock.format(seconds * 1000);
  const hour = (seconds) => (time(seconds) === "00:00" ? day.format(seconds * 1000) : time(seconds));
  const steps = [1, 2, 5].flatMap((unit) => [1, 10, 100, 1e3, 1e4].map((power) => unit * power)).sort((a, b) => a - b);

  // What uPlot is told; `step` are the seconds of a slot.
  const options = (step) => {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour("--ink-soft"), font: "12px system-ui, sans-serif", ticks: { show: false } };
    const across = { ...axis, grid: { show: false }, space: 60, size: 28, values: (_, splits) => splits.map(hour) };
    const up = { ...axis, grid: { stroke: colour("--line"), width: 1 }, size: 48, space: 36, incrs: steps };
    const paths = uPlot.paths.stepped({ align: 1, extend: true });
    const series = ([label, stroke, fill]) => (
      { label, stroke: colour(stroke), fill: fill && colour(fill), width: 1.5, paths, points: { show: false } }
    );
    return {
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: {
        x: { range: (_, min, max) => [min, max + step] },
        y: { range: (_, min, max) => [0, Math.max(4, max * 1.08)] },
      },
      axes: [across, { ...up, values: (_, splits) => splits.map((value) => number.format(value)) }],
      series: [{}, ...lines.map(series)],
    };
  };
  return { names: lines.map(([name]) => name), number, time, options };
};
