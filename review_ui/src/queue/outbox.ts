/**
 * Decisions on their way out. A decision is written to the shelf before it is sent and leaves it when the server has
 * acknowledged it; its key stays the same however often it is sent, so it counts once. One that is taken back before it
 * was ever sent is simply dropped; one that may have arrived is sent for certain and then undone. No framework, no globals.
 */
import type { Decided, DecisionIn } from '@/api/types'
import { asProblem } from '@/api/problem'

export interface Entry {
  candidate: number
  number: string
  body: DecisionIn
  at: number
  tries: number
  state: 'waiting' | 'failed'
  problem: string
  /** Key of its undoing, when it was taken back while it may have been written already. */
  undo?: string
}

/** Where entries outlive the page. One slot an entry, so that two tabs do not overwrite one another. */
export interface Shelf {
  all(): Entry[]
  put(entry: Entry): void
  drop(key: string): void
}

export interface OutboxParts {
  shelf: Shelf
  send(entry: Entry): Promise<Decided>
  undo(decision: number, key: string): Promise<unknown>
  later(act: () => void, ms: number): () => void
  changed(entries: readonly Entry[]): void
  done(entry: Entry, decided: Decided): void
  /** It was written and cannot be undone any more. */
  stands(entry: Entry, decided: Decided, why: string): void
}

export const FIRST_WAIT_MS = 1_000
export const LONGEST_WAIT_MS = 30_000
export const waitBefore = (tries: number): number => Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.max(0, tries - 1))

export class Outbox {
  private entries: Entry[]
  private busy = false
  private sending = ''
  private cancel: (() => void) | null = null
  private stopped = false

  constructor(private readonly parts: OutboxParts) {
    this.entries = parts.shelf.all().sort((a, b) => a.at - b.at)
    this.tell()
  }

  list(): readonly Entry[] {
    return this.entries
  }

  /** Candidates whose decision is not yet in the record: they must not be handed out again. */
  pending(): number[] {
    return this.entries.map((e) => e.candidate)
  }

  add(entry: Omit<Entry, 'tries' | 'state' | 'problem'>): void {
    const kept: Entry = { ...entry, tries: 0, state: 'waiting', problem: '' }
    this.parts.shelf.put(kept)
    this.entries = [...this.entries, kept]
    this.tell()
    void this.pump()
  }

  /** Sends at once what waits: after start, sign-in or a connection that came back. */
  resume(): void {
    this.cancel?.()
    this.cancel = null
    void this.pump()
  }

  retry(key: string): void {
    this.replace(key, { state: 'waiting', problem: '', tries: 0 })
    this.resume()
  }

  /** The latest that can be taken back from here. */
  latest(): Entry | undefined {
    return this.entries.findLast((e) => e.state === 'waiting' && !e.undo)
  }

  /** Takes a decision back before it counts. False when it is not here any more: then the record has it. */
  takeBack(key: string, undoKey: string): boolean {
    const entry = this.find(key)
    if (!entry) return false
    if (entry.tries === 0 && this.sending !== key) this.dismiss(key)
    else this.replace(key, { undo: undoKey })
    return true
  }

  /** Takes a refused decision away, once a person has read why. */
  dismiss(key: string): void {
    this.parts.shelf.drop(key)
    this.entries = this.entries.filter((e) => e.body.key !== key)
    this.tell()
  }

  stop(): void {
    this.stopped = true
    this.cancel?.()
  }

  private async pump(): Promise<void> {
    if (this.busy || this.cancel) return
    this.busy = true
    try {
      for (let entry = this.first(); entry && !this.stopped; entry = this.first()) {
        if (!(await this.sendOne(entry))) break
      }
    } finally {
      this.busy = false
    }
  }

  private first(): Entry | undefined {
    return this.entries.find((e) => e.state === 'waiting')
  }

  /** False when the way is blocked and the rest should wait too. */
  private async sendOne(entry: Entry): Promise<boolean> {
    const key = entry.body.key
    let decided: Decided | null = null
    this.sending = key
    try {
      decided = await this.parts.send(entry)
      const undo = this.find(key)?.undo
      if (undo) await this.parts.undo(decided.decision.id, undo)
      this.dismiss(key)
      if (!undo) this.parts.done(entry, decided)
      return true
    } catch (error) {
      const problem = asProblem(error)
      const tries = entry.tries + 1
      if (!problem.passing) {
        const undo = this.find(key)?.undo
        if (undo) this.dismiss(key) // refused, so there is nothing to undo; or written for good
        else this.replace(key, { state: 'failed', problem: problem.message, tries })
        if (undo && decided) this.parts.stands(entry, decided, problem.message)
        return true
      }
      this.replace(key, { tries, problem: problem.code === 'network' ? '' : problem.message })
      if (!this.stopped) {
        this.cancel = this.parts.later(() => {
          this.cancel = null
          void this.pump()
        }, waitBefore(tries))
      }
      return false
    } finally {
      this.sending = ''
    }
  }

  private find(key: string): Entry | undefined {
    return this.entries.find((e) => e.body.key === key)
  }

  private replace(key: string, change: Partial<Entry>): void {
    this.entries = this.entries.map((e) => (e.body.key === key ? { ...e, ...change } : e))
    const entry = this.find(key)
    if (entry) this.parts.shelf.put(entry)
    this.tell()
  }

  private tell(): void {
    this.parts.changed(this.entries)
  }
}

/** A shelf in web storage, one per account. Unreadable entries are left where they are, never guessed at. */
export function storageShelf(storage: Pick<Storage, 'length' | 'key' | 'getItem' | 'setItem' | 'removeItem'>, account: number): Shelf {
  const prefix = `jiexun.outbox.${account}.`
  return {
    all() {
      const found: Entry[] = []
      for (let i = 0; i < storage.length; i++) {
        const name = storage.key(i)
        if (!name?.startsWith(prefix)) continue
        try {
          found.push(JSON.parse(storage.getItem(name) ?? '') as Entry)
        } catch (error) {
          if (!(error instanceof SyntaxError)) throw error
        }
      }
      return found
    },
    put: (entry) => storage.setItem(prefix + entry.body.key, JSON.stringify(entry)),
    drop: (key) => storage.removeItem(prefix + key),
  }
}
