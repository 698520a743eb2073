/** What scopes and classes are called on these pages. */
import type { AlgorithmRef, Assignment } from '@/api/types'
import { maybe, t } from '@/i18n'

export const className = (code: string): string => maybe(`class.${code}`, code.replaceAll('_', ' '))
export const versionName = (of: Pick<AlgorithmRef, 'name' | 'version'>): string => `${of.name} ${of.version}`

export function scopeName(kind: string, target: string): string {
  if (kind === 'group') return t('alg.scope.group', { name: target })
  return kind === 'device' ? t('alg.scope.device', { name: target }) : t('alg.scope.district')
}
export const whereOf = (a: Pick<Assignment, 'scope' | 'target'>): string => scopeName(a.scope, a.target)

/** As events keep it: `district`, `group NAME`, `device CODE`. */
export function scopeKept(text: unknown): string {
  if (typeof text !== 'string' || !text) return ''
  const [kind = '', ...rest] = text.split(' ')
  return scopeName(kind, rest.join(' '))
}
