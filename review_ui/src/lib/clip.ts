/** Waiting for a clip whose faces and plates are being covered: the server answers 202 until its copy is there. */
const LEAST_S = 1
const LONGEST_S = 15
const TRIES_WITHOUT_ANSWER = 5

/** Seconds to wait before asking again. */
export function againIn(retryAfter: string | null): number {
  const asked = Number(retryAfter)
  return Number.isFinite(asked) && asked > 0 ? Math.min(LONGEST_S, Math.max(LEAST_S, asked)) : 3
}

/** Asks until the answer is another than "not yet"; null when the network stays away, after a few tries. */
export async function untilMade<R extends Pick<Response, 'status' | 'headers'>>(ask: () => Promise<R>, wait: (seconds: number) => Promise<void>): Promise<R | null> {
  for (let lost = 0; lost <= TRIES_WITHOUT_ANSWER; ) {
    const got = await ask().catch(() => null)
    if (got && got.status !== 202) return got
    lost = got ? 0 : lost + 1
    await wait(againIn(got?.headers.get('Retry-After') ?? null))
  }
  return null
}
