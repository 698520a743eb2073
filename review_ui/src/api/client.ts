/** The one door to the API: typed by the generated contract, with language, CSRF token and problems handled here. */
import createClient, { type Middleware } from 'openapi-fetch'
import type { paths } from './schema'
import { asProblem, problemFrom } from './problem'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])
const context = { language: 'zh', csrf: '', onSignedOut: (): void => undefined }

export const setLanguage = (language: string): void => void (context.language = language)
export const setCsrf = (token: string): void => void (context.csrf = token)
/** Called when an answer says that nobody is signed in any more. */
export const onSignedOut = (act: () => void): void => void (context.onSignedOut = act)

const headers: Middleware = {
  onRequest({ request }) {
    request.headers.set('Accept-Language', context.language)
    if (!SAFE.has(request.method)) request.headers.set('X-CSRF-Token', context.csrf)
    return request
  },
}

export const api = createClient<paths>({ baseUrl: globalThis.location?.origin ?? '', credentials: 'same-origin' })
api.use(headers)

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** Awaits an answer: its data, or an `ApiProblem` thrown. */
export async function ask<T>(answer: Promise<Answer<T>>, quiet401 = false): Promise<T> {
  let got: Answer<T>
  try {
    got = await answer
  } catch (error) {
    throw asProblem(error)
  }
  if (!got.response.ok) {
    if (got.response.status === 401 && !quiet401) context.onSignedOut()
    throw problemFrom(got.response.status, got.error)
  }
  return got.data as T
}

/** Sends a file as it is, with language and token like every other request. */
export function sendFile<T = unknown>(path: string, file: Blob): Promise<T> {
  const headers = { 'Accept-Language': context.language, 'X-CSRF-Token': context.csrf, 'Content-Type': 'application/octet-stream' }
  const sent = fetch(path, { method: 'POST', body: file, headers, credentials: 'same-origin' }).then(async (response) => {
    const body: unknown = await response.json().catch(() => null)
    return { data: body as T, error: body, response }
  })
  return ask(sent)
}

const leave = (path: string): void =>
  void fetch(path, { method: 'POST', keepalive: true, headers: { 'X-CSRF-Token': context.csrf } }).catch(() => undefined)

/** Gives a lease back although the page is being left. */
export const releaseOnLeave = (id: number): void => leave(`/api/candidates/${id}/release`)
/** The same for all that is held of a group. */
export const releaseGroupOnLeave = (id: number): void => leave(`/api/queue/groups/${id}/release`)
