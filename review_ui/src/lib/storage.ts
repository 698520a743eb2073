/** Small preferences of this browser. A browser that keeps nothing is no fault. */
const PREFIX = 'jiexun.'

export function recall(name: string): string | null {
  return globalThis.localStorage?.getItem(PREFIX + name) ?? null
}

export function remember(name: string, value: string): void {
  globalThis.localStorage?.setItem(PREFIX + name, value)
}
