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
    if (before[place] !== object) place = Math.max(0, before.indexOf(object));
    const known = before[place] === object ? (before[place + 1] as Content) : undefined;
    const content = contentOf(object, known, reach);
    memento.push(object, known && isSame(known, content) ? known : content);
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

function contentOf(
  object: object,
  known: Content | undefined,
  reach: (value: unknown) => void,
): Content {
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
  const fields = object as Readonly<Record<string, unknown>>;
  const names = namesOf(object, known);
  const content: unknown[] = [names];
  for (const name of names) {
    const value = fields[name];
    content.push(value);
    if (typeof value === "object" && value !== null && !LEFT_ALONE.has(name)) reach(value);
  }
  return content;
}

/** The names of its fields: the same array as before where they have not changed. */
function namesOf(object: object, known: Content | undefined): readonly string[] {
  const names = Object.keys(object);
  const before = known?.[0] as readonly string[] | undefined;
  return before !== undefined && isSame(names, before) ? before : names;
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
    const names = content[0] as readonly string[];
    for (let n = 0; n < names.length; n++) fields[names[n] as string] = content[n + 1];
    // What came later goes again, as a counter that nothing had been counted in.
    const present = Object.keys(fields);
    if (present.length === names.length) return;
    const known = new Set(names);
    for (const name of present) if (!known.has(name)) delete fields[name];
  }
}
