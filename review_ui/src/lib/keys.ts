/** From a key press to what it means. No modifier is ever used: Ctrl, Alt and Meta belong to the browser. */
export type Act =
  | { kind: 'keep' | 'escalate' | 'aside' | 'accept' | 'return' }
  | { kind: 'reject'; code: string }
  | { kind: 'previous' | 'following' | 'play' | 'frameBack' | 'frameOn' | 'overlays' | 'flip' | 'help' | 'close' }

export interface Press {
  key: string
  code: string
  ctrlKey: boolean
  altKey: boolean
  metaKey: boolean
  repeat: boolean
  isComposing: boolean
}

const LOOKING: Record<string, Act> = {
  ArrowLeft: { kind: 'previous' },
  ArrowRight: { kind: 'following' },
  Escape: { kind: 'close' },
  p: { kind: 'play' },
  ',': { kind: 'frameBack' },
  '.': { kind: 'frameOn' },
  l: { kind: 'overlays' },
  b: { kind: 'flip' },
  '?': { kind: 'help' },
}
const MAY_REPEAT = new Set<Act['kind']>(['previous', 'following', 'frameBack', 'frameOn'])
const BY_CODE: Record<string, string> = { Minus: '-', Equal: '=', Comma: ',', Period: '.' }

/** The character meant, also when an input method gives full-width signs or none. */
export function meant(press: Pick<Press, 'key' | 'code'>): string {
  if (/^[!-~]$/.test(press.key)) return press.key.toLowerCase()
  if (press.key === '？') return '?'
  const found = /^(?:Key|Digit|Numpad)([A-Z0-9])$/.exec(press.code)
  if (found?.[1]) return found[1].toLowerCase()
  return BY_CODE[press.code] ?? press.key
}

/** `reasons`: key -> code of the rejection reasons, as the reference gives them. */
export function actFor(press: Press, stage: 'first' | 'senior' | 'legal' | 'reading', reasons: ReadonlyMap<string, string>): Act | null {
  if (press.ctrlKey || press.altKey || press.metaKey || press.isComposing) return null
  const key = meant(press)
  const act = LOOKING[key] ?? deciding(key, stage, reasons)
  if (!act || (press.repeat && !MAY_REPEAT.has(act.kind))) return null
  return act
}

function deciding(key: string, stage: string, reasons: ReadonlyMap<string, string>): Act | null {
  if (stage === 'reading') return null
  if (key === 'u') return { kind: 'aside' }
  if (stage === 'legal') return key === 'a' ? { kind: 'accept' } : key === 'r' ? { kind: 'return' } : null
  if (key === 'a') return { kind: 'keep' }
  if (key === 'e') return stage === 'first' ? { kind: 'escalate' } : null
  const code = reasons.get(key)
  return code ? { kind: 'reject', code } : null
}

/** Whether the person is typing there, so that letters are letters. */
export function isTyping(target: EventTarget | null): boolean {
  if (!target || !('tagName' in target)) return false
  const el = target as HTMLElement
  if (el.tagName === 'INPUT') return !['checkbox', 'radio', 'button', 'range'].includes((el as HTMLInputElement).type)
  return el.tagName === 'TEXTAREA' || el.tagName === 'SELECT' || el.isContentEditable
}
