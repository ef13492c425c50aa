/** What scheduler and workers say: JSON, a message each. */
export function encode(message) {
  return new TextEncoder().encode(JSON.stringify(message));
}

export function decode(bytes) {
  return JSON.parse(new TextDecoder().decode(bytes));
}
