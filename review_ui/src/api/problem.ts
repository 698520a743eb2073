/** What went wrong, as the API says it (RFC 9457), or as the network does (`code` "network"). */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly fields: Record<string, string> = {},
  ) {
    super(detail || title)
    this.name = 'ApiProblem'
  }

  /** Whether sending the same again later may succeed. */
  get passing(): boolean {
    return this.status === 0 || this.status === 401 || this.status === 408 || this.status === 429 || this.status >= 500
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Reads a problem document; anything else becomes a plain problem of that status. */
export function problemFrom(status: number, body: unknown): ApiProblem {
  const b = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  const fields: Record<string, string> = {}
  if (typeof b['fields'] === 'object' && b['fields'] !== null)
    for (const [name, value] of Object.entries(b['fields'])) fields[name] = String(value)
  return new ApiProblem(status, text(b['code']) || `http_${status}`, text(b['title']), text(b['detail']), fields)
}

export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error
  return new ApiProblem(0, 'network', '', error instanceof Error ? error.message : String(error))
}
