import { describe, expect, it } from 'vitest'
import { actFor, isTyping, meant, type Press } from '@/lib/keys'

const REASONS = new Map([['1', 'not_the_thing'], ['0', 'clock_or_position'], ['-', 'outside_jurisdiction'], ['=', 'corrected_in_time']])
const press = (key: string, more: Partial<Press> = {}): Press => ({ key, code: '', ctrlKey: false, altKey: false, metaKey: false, repeat: false, isComposing: false, ...more })
const act = (key: string, stage: 'first' | 'senior' | 'legal' | 'reading' = 'first', more: Partial<Press> = {}) => actFor(press(key, more), stage, REASONS)

describe('keys', () => {
  it.each([['a', { kind: 'keep' }], ['A', { kind: 'keep' }], ['1', { kind: 'reject', code: 'not_the_thing' }], ['0', { kind: 'reject', code: 'clock_or_position' }], ['-', { kind: 'reject', code: 'outside_jurisdiction' }], ['=', { kind: 'reject', code: 'corrected_in_time' }], ['e', { kind: 'escalate' }], ['u', { kind: 'aside' }], ['l', { kind: 'overlays' }], ['p', { kind: 'play' }], ['?', { kind: 'help' }], ['ArrowRight', { kind: 'following' }]])('first review: %s', (key, expected) => {
    expect(act(key)).toEqual(expected)
  })

  it('a key that no reason has does nothing', () => expect(act('5')).toBeNull())
  it('a senior does not escalate', () => expect(act('e', 'senior')).toBeNull())
  it('legal accepts and returns, and has no rejection keys', () => {
    expect(act('a', 'legal')).toEqual({ kind: 'accept' })
    expect(act('r', 'legal')).toEqual({ kind: 'return' })
    expect(act('1', 'legal')).toBeNull()
  })
  it('reading decides nothing but looks', () => {
    expect(act('a', 'reading')).toBeNull()
    expect(act('l', 'reading')).toEqual({ kind: 'overlays' })
  })
  it.each(['ctrlKey', 'altKey', 'metaKey', 'isComposing'] as const)('leaves %s to the browser', (modifier) => {
    expect(act('a', 'first', { [modifier]: true })).toBeNull()
  })
  it('a held key decides once; arrows may repeat', () => {
    expect(act('a', 'first', { repeat: true })).toBeNull()
    expect(act('ArrowLeft', 'first', { repeat: true })).toEqual({ kind: 'previous' })
  })
  it('understands keys under an input method', () => {
    expect(meant({ key: 'Process', code: 'KeyA' })).toBe('a')
    expect(meant({ key: '。', code: 'Period' })).toBe('.')
    expect(meant({ key: '1', code: 'Numpad1' })).toBe('1')
    expect(meant({ key: '？', code: 'Slash' })).toBe('?')
  })
  it('knows where a person types', () => {
    const at = (tagName: string, more: object = {}) => ({ tagName, isContentEditable: false, ...more }) as unknown as EventTarget
    expect(isTyping(at('TEXTAREA'))).toBe(true)
    expect(isTyping(at('INPUT', { type: 'text' }))).toBe(true)
    expect(isTyping(at('INPUT', { type: 'range' }))).toBe(false)
    expect(isTyping(at('BUTTON'))).toBe(false)
    expect(isTyping(null)).toBe(false)
  })
})
