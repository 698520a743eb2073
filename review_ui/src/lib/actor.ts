/** Who did something, as the audit log names them: `account:li`, `device:C-1`, `system`. */
import { maybe } from '@/i18n'

export function actorName(actor: string): string {
  const [kind = '', id = ''] = actor.split(':', 2)
  return `${maybe(`audit.on.${kind}`, kind)} ${id}`.trim()
}
