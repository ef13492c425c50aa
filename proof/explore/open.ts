// What the bundle of the explorer does to the sources, so that a state can be seen and put back as a whole:
// private fields become fields, and the draws of phases and back-offs, which are hashes of a counter that
// never returns, may be set to a few constants. Nothing else is touched.

interface Plugin {
  readonly name: string;
  readonly enforce: "pre";
  transform(code: string, id: string): string | undefined;
}

const DRAW = "return mix(seed, n) / 2 ** 32;";

export function opened(): Plugin {
  return {
    name: "systole:opened",
    enforce: "pre",
    transform(code, id) {
      if (!id.includes("/packages/core/src/")) return undefined;
      let source = code.replace(/#(?=[a-zA-Z])/g, "$");
      if (id.endsWith("/peer/rules.ts")) {
        if (!source.includes(DRAW)) throw new Error(`rules.ts draws otherwise than by "${DRAW}"`);
        source = source.replace(DRAW, `return globalThis.drawn?.(n) ?? mix(seed, n) / 2 ** 32;`);
      }
      return source;
    },
  };
}
