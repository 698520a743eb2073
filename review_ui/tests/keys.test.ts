import { describe, expect, it } from 'vitest'
import { actFor, bindings, isTyping, ownsArrows, keyCap, keyOf, meant, sound, whyNot, type Changed, type Press, type Room } from '@/lib/keys'

const REASONS = new Map([['not_the_thing', '1'], ['clock_or_position', '0'], ['outside_jurisdiction', '-'], ['corrected_in_time', '=']])
const press = (key: string, more: Partial<Press> = {}): Press => ({ key, code: '', ctrlKey: false, altKey: false, metaKey: false, repeat: false, isComposing: false, ...more })
const act = (key: string, room: Room = 'first', more: Partial<Press> = {}, changed: Changed = {}) => actFor(press(key, more), bindings(room, REASONS, changed))

describe('keys', () => {
  it.each([['a', { kind: 'keep' }], ['A', { kind: 'keep' }], ['1', { kind: 'reject', code: 'not_the_thing' }], ['0', { kind: 'reject', code: 'clock_or_position' }], ['-', { kind: 'reject', code: 'outside_jurisdiction' }], ['=', { kind: 'reject', code: 'corrected_in_time' }], ['u', { kind: 'escalate' }], ['s', { kind: 'aside' }], ['z', { kind: 'undo' }], ['r', { kind: 'repeat' }], ['t', { kind: 'type' }], ['x', { kind: 'adjust' }], ['g', { kind: 'group' }], ['m', { kind: 'loupe' }], ['[', { kind: 'wipeBack' }], ['l', { kind: 'overlays' }], ['p', { kind: 'play' }], ['?', { kind: 'help' }], ['ArrowRight', { kind: 'following' }]])('first review: %s', (key, expected) => {
    expect(act(key)).toEqual(expected)
  })

  it('a key that no reason has does nothing', () => expect(act('5')).toBeNull())
  it('a senior does not escalate', () => expect(act('u', 'senior')).toBeNull())
  it('legal accepts and returns, and has no rejection keys', () => {
    expect(act('a', 'legal')).toEqual({ kind: 'accept' })
    expect(act('r', 'legal')).toEqual({ kind: 'return' })
    expect(act('1', 'legal')).toBeNull()
    expect(act('z', 'legal')).toBeNull()
  })
  it('a group has reasons, and leaves arrows to its grid', () => {
    expect(act('1', 'group')).toEqual({ kind: 'reject', code: 'not_the_thing' })
    expect(act('f', 'group')).toEqual({ kind: 'fixture' })
    expect(act('ArrowLeft', 'group')).toBeNull()
  })
  it.each(['first', 'senior', 'legal', 'reading', 'group'] as const)('in %s no key means two things', (room) => {
    const keys = bindings(room, REASONS).map((b) => b.key)
    expect(new Set(keys).size).toBe(keys.length)
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
    expect(ownsArrows(at('INPUT', { type: 'range' }), 'ArrowLeft')).toBe(true)
    expect(ownsArrows(at('INPUT', { type: 'range' }), 'a')).toBe(false)
    expect(ownsArrows(at('BUTTON'), 'ArrowLeft')).toBe(false)
  })
})

describe('changing keys', () => {
  const no = (key: string, name: string, changed: Changed = {}, more: Partial<Press> = {}) => whyNot(press(key, more), name, REASONS, changed)

  it('takes effect, and the old key is free again', () => {
    const changed = { keep: 'j' }
    expect(act('j', 'first', {}, changed)).toEqual({ kind: 'keep' })
    expect(act('a', 'first', {}, changed)).toBeNull()
    expect(no('a', 'repeat', changed)).toBeNull()
    expect(keyOf(bindings('first', REASONS, changed), 'keep')).toBe('j')
  })
  it('a reason may have another key too', () => expect(act('q', 'first', {}, { 'reject:not_the_thing': 'q' })).toEqual({ kind: 'reject', code: 'not_the_thing' }))
  it('refuses a key that something else in the same room has', () => {
    expect(no('z', 'keep')).toEqual({ why: 'taken', by: 'undo' })
    expect(no('1', 'keep')).toEqual({ why: 'taken', by: 'reject:not_the_thing' })
    expect(no('l', 'fixture')).toEqual({ why: 'taken', by: 'overlays' })
  })
  it('rooms that never meet may share one', () => {
    expect(no('z', 'accept')).toBeNull()
    expect(no('a', 'keep')).toBeNull() // its own
  })
  it.each(['F5', 'Tab', 'Enter', ' ', 'Backspace', 'PageDown', 'ArrowUp', 'Escape', '/', "'"])("refuses the browser's own %s", (key) => expect(no(key, 'keep')).toEqual({ why: 'browser' }))
  it.each(['ctrlKey', 'altKey', 'metaKey'] as const)('refuses %s with it', (modifier) => expect(no('j', 'keep', {}, { [modifier]: true })).toEqual({ why: 'modified' }))
  it('what was kept is taken only where it is sound', () => {
    expect(sound({ keep: 'j', nonsense: 'q', undo: 'F5', aside: 7, close: 'c' }, REASONS)).toEqual({ keep: 'j' })
    expect(sound({ keep: 'z', undo: 'a' }, REASONS)).toEqual({ keep: 'z', undo: 'a' }) // exchanged
    expect(sound({ keep: 'j', aside: 'j' }, REASONS)).toEqual({})
    expect(sound(null, REASONS)).toEqual({})
  })
  it('writes keys as people know them', () => expect(['a', 'ArrowLeft', 'Escape', '['].map(keyCap)).toEqual(['A', '←', 'Esc', '[']))
})
