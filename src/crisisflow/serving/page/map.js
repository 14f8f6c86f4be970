// A map of the world: outlines of countries (Natural Earth 1:110m, as packed by world-atlas 2.0.2) and circles at places.

import { $, arrange, drawn, put } from "./dom.js";
import { nameOf, whereOf } from "./filters.js";

const WORLD = { x: -180, y: -84, width: 360, height: 144 }; // degrees; without the Antarctic
const CLOSEST = 0.25; // degrees of width: a town with its surroundings
const NAMED = 8; // circles that have their names beside them, the largest in sight
const LETTER = { width: 1.6, height: 2.8 }; // about, in hundredths of the width

// TopoJSON: arcs are steps on a grid, shared by neighbours; a negative number is an arc the other way round.
function outline({ arcs, transform, objects }) {
  const lines = arcs.map((arc) => {
    let x = 0;
    let y = 0;
    return arc.map(([dx, dy]) => {
      x += dx;
      y += dy;
      return [x * transform.scale[0] + transform.translate[0], -(y * transform.scale[1] + transform.translate[1])];
    });
  });
  const ring = (numbers) => numbers.flatMap((number) => (number < 0 ? [...lines[~number]].reverse() : lines[number]));
  const rings = objects.countries.geometries.flatMap(({ type, arcs: own }) => (type === "Polygon" ? own : own.flat()));
  // A jump over the edge of the map is no line on it.
  const path = (points) =>
    points.map(([x, y], at) => `${at && Math.abs(x - points[at - 1][0]) < 180 ? "L" : "M"}${x.toFixed(2)} ${y.toFixed(2)}`).join("");
  return rings.map((own) => path(ring(own))).join("");
}

export class WorldMap {
  constructor(press) {
    this.svg = $("map");
    this.press = press;
    this.box = { ...WORLD };
    this.places = [];
    this.drawn = new Map(); // circles by place
    this.land = drawn("path", { class: "land" });
    this.circles = drawn("g", {});
    this.names = drawn("g", { class: "names", "aria-hidden": "true" });
    this.svg.append(this.land, this.circles, this.names);
    $("zoom-in").addEventListener("click", () => this.zoom(0.5));
    $("zoom-out").addEventListener("click", () => this.zoom(2));
    $("zoom-fit").addEventListener("click", () => this.fit());
    this.svg.addEventListener("keydown", (event) => {
      const act = this.keys[event.key];
      if (!act || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      act();
    });
    this.svg.addEventListener("wheel", (event) => {
      if (event.ctrlKey) return; // the browser's own zoom
      event.preventDefault();
      const { left, top, width, height } = this.svg.getBoundingClientRect();
      this.zoom(2 ** Math.max(-1, Math.min(1, event.deltaY / 200)), (event.clientX - left) / width, (event.clientY - top) / height);
    }, { passive: false });
    let from = null;
    this.svg.addEventListener("pointerdown", (event) => (from = event));
    addEventListener("pointerup", () => (from = null));
    this.svg.addEventListener("pointermove", (event) => {
      if (!from) return;
      const degrees = this.box.width / this.svg.clientWidth;
      this.look({ ...this.box, x: this.box.x - (event.clientX - from.clientX) * degrees, y: this.box.y - (event.clientY - from.clientY) * degrees });
      from = event;
    });
    this.look(WORLD);
    fetch("/page/world.json").then((answer) => answer.json()).then((world) => this.land.setAttribute("d", outline(world)));
  }

  look(box) {
    const width = Math.min(WORLD.width, Math.max(CLOSEST, box.width));
    const height = (width * WORLD.height) / WORLD.width;
    const within = (value, low, high) => Math.min(high, Math.max(low, value));
    this.box = {
      x: within(box.x, WORLD.x, WORLD.x + WORLD.width - width),
      y: within(box.y, WORLD.y, WORLD.y + WORLD.height - height),
      width,
      height,
    };
    this.svg.setAttribute("viewBox", `${this.box.x} ${this.box.y} ${width} ${height}`);
    this.draw();
  }

  // What lies at these shares of width and height stays there.
  zoom(factor, across = 0.5, down = 0.5) {
    const { x, y, width, height } = this.box;
    const wide = Math.min(WORLD.width, Math.max(CLOSEST, width * factor));
    const less = width - wide;
    this.look({ x: x + less * across, y: y + less * (height / width) * down, width: wide });
  }

  pan(across, down) {
    this.look({ ...this.box, x: this.box.x + across * this.box.width, y: this.box.y + down * this.box.height });
  }

  keys = {
    ArrowLeft: () => this.pan(-0.125, 0),
    ArrowRight: () => this.pan(0.125, 0),
    ArrowUp: () => this.pan(0, -0.125),
    ArrowDown: () => this.pan(0, 0.125),
    "+": () => this.zoom(0.5),
    "-": () => this.zoom(2),
    0: () => this.fit(),
  };

  fit() {
    if (!this.places.length) return this.look(WORLD);
    const xs = this.places.map(({ place }) => place.longitude);
    const ys = this.places.map(({ place }) => -place.latitude);
    const least = this.places.every(({ place }) => place.kind === "city") ? 2 : 12; // an area is wider than its point
    const width = Math.max(Math.max(...xs) - Math.min(...xs), (Math.max(...ys) - Math.min(...ys)) * 2.5, least) * 1.25;
    const middle = (values) => (Math.min(...values) + Math.max(...values)) / 2;
    const height = (width * WORLD.height) / WORLD.width;
    this.look({ x: middle(xs) - width / 2, y: middle(ys) - height / 2, width });
  }

  // `places` are { place, tweets }: where, and how many name it.
  show(places) {
    this.places = places;
    this.draw();
  }

  draw() {
    const most = Math.max(1, ...this.places.map(({ tweets }) => tweets));
    const unit = this.box.width / 100;
    const circles = new Map();
    for (const { place, tweets } of [...this.places].sort((one, other) => other.tweets - one.tweets)) {
      const key = whereOf(place);
      const circle = this.drawn.get(key) ?? this.circle(place);
      circle.setAttribute("r", unit * (0.5 + 2 * Math.sqrt(tweets / most)));
      put(circle.firstElementChild, `${nameOf(place)}: ${tweets}`);
      circles.set(key, circle);
    }
    this.drawn = circles;
    arrange(this.circles, [...circles.values()], { still: true });
    const labels = this.labels(unit);
    const shown = labels.map((own) => own.outerHTML).join("");
    if (shown === this.shown) return; // a held view is not touched
    this.shown = shown;
    this.names.replaceChildren(...labels);
  }

  // Names beside the largest circles in sight; none over another.
  labels(unit) {
    const { x, y, width, height } = this.box;
    const inSight = ({ place: { longitude: east, latitude: north } }) => east >= x && east <= x + width && -north >= y && -north <= y + height;
    const taken = [];
    for (const { place } of this.places.filter(inSight).sort((one, other) => other.tweets - one.tweets)) {
      if (taken.length === NAMED) break;
      const wide = unit * LETTER.width * place.name.length;
      const right = place.longitude + unit * 3;
      const end = right + wide > x + width; // there is room on the other side only
      const own = { name: place.name, end, left: end ? place.longitude - unit * 3 - wide : right, middle: -place.latitude, wide };
      const clear = (other) => own.left > other.left + other.wide || other.left > own.left + own.wide || Math.abs(own.middle - other.middle) > unit * LETTER.height;
      if (taken.every(clear)) taken.push(own);
    }
    return taken.map(({ name, end, left, middle, wide }) => {
      const text = drawn("text", { x: end ? left + wide : left, y: middle, "font-size": unit * LETTER.height, "text-anchor": end ? "end" : "start" });
      text.textContent = name;
      return text;
    });
  }

  circle(place) {
    const circle = drawn("circle", { cx: place.longitude, cy: -place.latitude, class: place.kind === "city" ? "" : "area" });
    circle.append(drawn("title"));
    circle.addEventListener("click", () => this.press(place));
    return circle;
  }
}
