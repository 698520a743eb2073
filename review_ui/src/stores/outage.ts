/** A start that failed because the server was not reachable: shown over the page until it is. */
import { shallowRef } from 'vue'
import { asProblem, type ApiProblem } from '@/api/problem'

export const outage = shallowRef<ApiProblem | null>(null)
export const outageSeen = (error: unknown): void => void (outage.value = asProblem(error))
