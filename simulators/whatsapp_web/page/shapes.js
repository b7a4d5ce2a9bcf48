// What WhatsApp Web's models and stores are made of, as far as wa-js looks at them: events, attributes, collections.

export class Emitter {
  #listeners = new Map();

  on(event, listener) {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    return this;
  }

  once(event, listener) {
    const only = (...values) => {
      this.off(event, only);
      listener(...values);
    };
    return this.on(event, only);
  }

  off(event, listener) {
    this.#listeners.set(event, (this.#listeners.get(event) ?? []).filter((one) => one !== listener));
    return this;
  }

  trigger(event, ...values) {
    for (const listener of this.#listeners.get(event) ?? []) listener(...values);
  }
}

export class Model extends Emitter {
  constructor(attributes) {
    super();
    Object.assign(this, attributes);
  }

  // wa-js listens to "change:<name>" with (model, value), and only where something has changed.
  set(name, value) {
    if (this[name] === value) return;
    this[name] = value;
    this.trigger("change:" + name, this, value);
  }

  unset(name) {
    delete this[name];
  }

  get attributes() {
    return this;
  }
}

export class Collection extends Emitter {
  #models = new Map();

  get(key) {
    return this.#models.get(String(key));
  }

  add(model) {
    this.#models.set(String(model.id), model);
    this.trigger("add", model);
    return model;
  }

  getModelsArray() {
    return [...this.#models.values()];
  }

  map(change) {
    return this.getModelsArray().map(change);
  }

  findFirst(test) {
    return this.getModelsArray().find(test);
  }

  async find(key) {
    return this.get(key);
  }

  clear() {
    this.#models.clear();
  }
}
