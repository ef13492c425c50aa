// Endpoints are mutable, and closures inside them hold on to their parts. So a state is not cloned: the fields
// of every object that can be reached are written down, and later written back into the same objects.

/** What was reached, and what was in it. */
export type Memento = readonly unknown[];

/** Never written to once they are made, or statistics that nothing depends on. */
const LEFT_ALONE: ReadonlySet<string> = new Set([
  ...["options", "policy", "inForce", "counts", "dropped", "refused", "unauthentic", "greetings"],
  ...["nearMisses", "shadowed", "$clock", "$emit", "$settled"],
]);

/** Writes down what can be reached. What is as it was in `before` is kept only once. */
export function remember(root: object, before: Memento = []): Memento {
  const memento: unknown[] = [];
  const reached = new Set<object>([root]);
  const reach = (value: unknown) => {
    if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
    // The bytes of a frame are not written to once they have left.
    if (!(value instanceof Uint8Array)) reached.add(value);
  };
  let place = 0;
  for (const object of reached) {
    const content = contentOf(object, reach);
    if (before[place] !== object) place = Math.max(0, before.indexOf(object));
    const known = before[place] === object ? before[place + 1] : undefined;
    memento.push(object, known && isSame(known as Content, content) ? known : content);
    place += 2;
  }
  return memento;
}

type Content = ArrayLike<unknown>;

function isSame(one: Content, other: Content): boolean {
  if (one.length !== other.length) return false;
  for (let n = 0; n < one.length; n++) if (one[n] !== other[n]) return false;
  return true;
}

export function recall(memento: Memento): void {
  for (let n = 0; n < memento.length; n += 2) {
    putBack(memento[n] as object, memento[n + 1] as readonly unknown[]);
  }
}

type Numbers = Float64Array | Int32Array | Uint32Array | Uint16Array;

function contentOf(object: object, reach: (value: unknown) => void): Content {
  if (ArrayBuffer.isView(object)) return (object as Numbers).slice();
  if (Array.isArray(object)) {
    object.forEach(reach);
    return object.slice();
  }
  if (object instanceof Map) {
    const entries: unknown[] = [];
    for (const [key, value] of object) {
      entries.push(key, value);
      reach(key);
      reach(value);
    }
    return entries;
  }
  if (object instanceof Set) {
    const members = [...object];
    members.forEach(reach);
    return members;
  }
  const content: unknown[] = [];
  const fields = object as Readonly<Record<string, unknown>>;
  for (const name in fields) {
    const value = fields[name];
    content.push(name, value);
    if (typeof value === "object" && value !== null && !LEFT_ALONE.has(name)) reach(value);
  }
  return content;
}

function putBack(object: object, content: readonly unknown[]): void {
  if (ArrayBuffer.isView(object)) {
    (object as Numbers).set(content as unknown as ArrayLike<number>);
  } else if (Array.isArray(object)) {
    object.length = content.length;
    for (let n = 0; n < content.length; n++) object[n] = content[n];
  } else if (object instanceof Map) {
    object.clear();
    for (let n = 0; n < content.length; n += 2) object.set(content[n], content[n + 1]);
  } else if (object instanceof Set) {
    object.clear();
    for (const member of content) object.add(member);
  } else {
    const fields = object as Record<string, unknown>;
    for (let n = 0; n < content.length; n += 2) fields[content[n] as string] = content[n + 1];
    // What came later goes again, as a counter that nothing had been counted in.
    const count = content.length / 2;
    const names = Object.keys(fields);
    if (names.length === count) return;
    const known = new Set(content.filter((_part, n) => n % 2 === 0));
    for (const name of names) if (!known.has(name)) delete fields[name];
  }
}
