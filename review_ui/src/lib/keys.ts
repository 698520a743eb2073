/**
 * From a key press to what it means. No modifier is ever used: Ctrl, Alt and Meta belong to the browser. Each act has one
 * key, which a person may change; `changed` holds only what differs from the standard.
 */
const STANDARD = {
  keep: 'a', escalate: 'u', aside: 's', undo: 'z', repeat: 'r', type: 't', adjust: 'x', group: 'g', fixture: 'f', accept: 'a', return: 'r',
  previous: 'ArrowLeft', following: 'ArrowRight', play: 'p', frameBack: ',', frameOn: '.', overlays: 'l', flip: 'b', wipeBack: '[', wipeOn: ']', loupe: 'm',
  help: '?', close: 'Escape',
} as const
type Kind = keyof typeof STANDARD
export type Act = { kind: Kind } | { kind: 'reject'; code: string }
/** reading: a candidate's own page, where nothing is decided. group: many alike at once. */
export type Room = 'first' | 'senior' | 'legal' | 'reading' | 'group'
/** Name of an act -> key. A reason of rejection is named `reject:` and its code. */
export type Changed = Readonly<Record<string, string>>
/** Code -> key of the rejection reasons, as the reference gives them. */
export type Reasons = ReadonlyMap<string, string>

export interface Binding {
  name: string
  act: Act
  key: string
}

export interface Press {
  key: string
  code: string
  ctrlKey: boolean
  altKey: boolean
  metaKey: boolean
  repeat: boolean
  isComposing: boolean
}

const LOOKING: Kind[] = ['previous', 'following', 'play', 'frameBack', 'frameOn', 'overlays', 'flip', 'wipeBack', 'wipeOn', 'loupe', 'help', 'close']
const DECIDING: Record<Room, Kind[]> = {
  first: ['keep', 'escalate', 'aside', 'undo', 'repeat', 'type', 'adjust', 'group'],
  senior: ['keep', 'aside', 'undo', 'repeat', 'type', 'adjust', 'group'],
  legal: ['accept', 'return', 'aside'],
  reading: [],
  group: ['keep', 'undo', 'repeat', 'group', 'fixture', 'overlays', 'help', 'close'],
}
const ROOMS = Object.keys(DECIDING) as Room[]
const REASONED: Room[] = ['first', 'senior', 'group']
const MAY_REPEAT = new Set<Act['kind']>(['previous', 'following', 'frameBack', 'frameOn', 'wipeBack', 'wipeOn'])
const FIXED = new Set<string>(['close'])
const BY_CODE: Record<string, string> = { Minus: '-', Equal: '=', Comma: ',', Period: '.', BracketLeft: '[', BracketRight: ']' }
/** Firefox opens its search with these. */
const SEARCHES = new Set(['/', "'"])

/** The character meant, also when an input method gives full-width signs or none. */
export function meant(press: Pick<Press, 'key' | 'code'>): string {
  if (/^[!-~]$/.test(press.key)) return press.key.toLowerCase()
  if (press.key === '？') return '?'
  const found = /^(?:Key|Digit|Numpad)([A-Z0-9])$/.exec(press.code)
  if (found?.[1]) return found[1].toLowerCase()
  return BY_CODE[press.code] ?? press.key
}

/** All that has a key in a room, deciding first. */
export function bindings(room: Room, reasons: Reasons, changed: Changed = {}): Binding[] {
  const plain = (kinds: readonly Kind[]): Binding[] => kinds.map((kind) => ({ name: kind, act: { kind }, key: changed[kind] ?? STANDARD[kind] }))
  const coded = [...reasons].map(([code, key]): Binding => ({ name: `reject:${code}`, act: { kind: 'reject', code }, key: changed[`reject:${code}`] ?? key }))
  return [...plain(DECIDING[room]), ...(REASONED.includes(room) ? coded : []), ...(room === 'group' ? [] : plain(LOOKING))]
}

export const keyOf = (list: readonly Binding[], name: string): string => list.find((b) => b.name === name)?.key ?? ''

export function actFor(press: Press, list: readonly Binding[]): Act | null {
  if (press.ctrlKey || press.altKey || press.metaKey || press.isComposing) return null
  const key = meant(press)
  const act = list.find((b) => b.key === key)?.act
  if (!act || (press.repeat && !MAY_REPEAT.has(act.kind))) return null
  return act
}

export const mayChange = (name: string): boolean => !FIXED.has(name)

/** Why a pressed key cannot be given to an act: `taken` with what has it. Null when it can. */
export function whyNot(press: Press, name: string, reasons: Reasons, changed: Changed): { why: 'modified' | 'browser' | 'taken'; by?: string } | null {
  if (press.ctrlKey || press.altKey || press.metaKey) return { why: 'modified' }
  const key = meant(press)
  const arrow = key === 'ArrowLeft' || key === 'ArrowRight'
  if ((!/^[!-~]$/.test(key) && !arrow) || SEARCHES.has(key)) return { why: 'browser' }
  for (const room of ROOMS) {
    const list = bindings(room, reasons, changed)
    const other = list.find((b) => b.key === key && b.name !== name)
    if (other && list.some((b) => b.name === name)) return { why: 'taken', by: other.name }
  }
  return null
}

/** Takes what an older page or another version kept: unknown names and keys that clash go back to the standard. */
export function sound(kept: unknown, reasons: Reasons): Changed {
  const good: Record<string, string> = {}
  if (typeof kept !== 'object' || kept === null) return good
  for (const [name, key] of Object.entries(kept)) {
    const known = ROOMS.some((room) => bindings(room, reasons).some((b) => b.name === name))
    if (!known || typeof key !== 'string' || !mayChange(name)) continue
    const press = { key, code: '', ctrlKey: false, altKey: false, metaKey: false, repeat: false, isComposing: false }
    if (!whyNot(press, name, reasons, { ...(kept as Changed) })) good[name] = key
  }
  return good
}

/** How a key is written on the page. */
export const keyCap = (key: string): string => ({ ArrowLeft: '←', ArrowRight: '→', Escape: 'Esc' })[key] ?? key.toUpperCase()

/** Whether the person is typing there, so that letters are letters. */
export function isTyping(target: EventTarget | null): boolean {
  if (!target || !('tagName' in target)) return false
  const el = target as HTMLElement
  if (el.tagName === 'INPUT') return !['checkbox', 'radio', 'button', 'range'].includes((el as HTMLInputElement).type)
  return el.tagName === 'TEXTAREA' || el.tagName === 'SELECT' || el.isContentEditable
}

/** Whether arrows move something there: a slider, a choice. */
export function ownsArrows(target: EventTarget | null, key: string): boolean {
  if (!target || !('tagName' in target) || !/^(Arrow|Home|End)/.test(key)) return false
  const el = target as HTMLInputElement
  return el.tagName === 'INPUT' && ['radio', 'range'].includes(el.type)
}
