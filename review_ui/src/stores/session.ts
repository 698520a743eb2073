/** Who is signed in. */
import { shallowRef } from 'vue'
import { api, ask, setCsrf } from '@/api/client'
import { ApiProblem } from '@/api/problem'
import type { Me } from '@/api/types'
import { recall, remember } from '@/lib/storage'

export const me = shallowRef<Me | null>(null)
let asked: Promise<Me | null> | null = null

function take(who: Me | null): Me | null {
  setCsrf(who?.csrf_token ?? '') // first: what waits for a person may send at once
  me.value = who
  remember('signed', who ? 'yes' : 'no')
  return who
}

/** Asks once who is signed in; null when nobody is. Other problems are thrown. */
export function whoAmI(): Promise<Me | null> {
  if (me.value) return Promise.resolve(me.value)
  // The cookie is not readable here; this note saves a request that could only be refused.
  if (recall('signed') !== 'yes') return Promise.resolve(null)
  asked ??= ask(api.GET('/api/session'), true)
    .then(take, (problem: unknown) => {
      if (problem instanceof ApiProblem && problem.status === 401) return take(null)
      throw problem
    })
    .finally(() => (asked = null))
  return asked
}

export async function signIn(username: string, password: string): Promise<Me> {
  const who = await ask(api.POST('/api/session', { body: { username, password } }), true)
  take(who)
  return who
}

export async function signOut(): Promise<void> {
  try {
    await ask(api.DELETE('/api/session'), true)
  } finally {
    take(null)
  }
}

export const forget = (): void => void take(null)
export const may = (act: string): boolean => me.value?.may.includes(act) ?? false
