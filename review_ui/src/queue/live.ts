/**
 * What the server tells of the queue while the page is open (server-sent events). The browser itself connects again after
 * a lost connection; a stream that the server refused is asked for again after a while. Until it is open, the page asks by
 * itself as it does without it.
 */
export interface Told {
  id: number
  change: 'new' | 'updated' | 'withdrawn' | 'decided' | 'held' | 'freed'
  state: string
}

export interface LiveParts {
  open(url: string): Pick<EventSource, 'addEventListener' | 'close' | 'readyState'>
  later(act: () => void, ms: number): () => void
  candidate(told: Told): void
  /** Something about how much waits. */
  counts(): void
  /** The stream opened, again or for the first time: something may have been missed. */
  opened(): void
}

const CLOSED = 2
export const AGAIN_MS = 15_000

/** `on()`: whether it is open now. */
export function listen(url: string, parts: LiveParts): { stop(): void; on(): boolean } {
  let stopped = false
  let on = false
  let cancel: (() => void) | undefined
  let source: ReturnType<LiveParts['open']> | undefined
  function start(): void {
    const mine = (source = parts.open(url))
    mine.addEventListener('open', () => {
      on = true
      parts.opened()
    })
    mine.addEventListener('error', () => {
      on = false
      if (stopped || mine.readyState !== CLOSED) return
      cancel?.()
      cancel = parts.later(start, AGAIN_MS)
    })
    mine.addEventListener('candidate', (event) => {
      const told = read((event as MessageEvent<string>).data)
      if (told) parts.candidate(told)
    })
    mine.addEventListener('counts', () => parts.counts())
  }
  start()
  return {
    on: () => on,
    stop() {
      stopped = true
      cancel?.()
      source?.close()
    },
  }
}

function read(data: string): Told | null {
  try {
    const told = JSON.parse(data) as Told
    return typeof told.id === 'number' && typeof told.change === 'string' ? told : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
