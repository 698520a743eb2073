/** Words of the page (typed messages) in the chosen language. Words of the domain come from `stores/reference`. */
import { ref } from 'vue'
import { setLanguage as tellApi } from '@/api/client'
import type { Language } from '@/lib/format'
import { recall, remember } from '@/lib/storage'
import { en } from './en'
import { zh, type Messages } from './zh'

export type Key = keyof Messages
const messages: Record<Language, Messages> = { zh, en }

export const language = ref<Language>(recall('language') === 'en' ? 'en' : 'zh')

export function setLanguage(to: Language): void {
  language.value = to
  remember('language', to)
  apply()
}

function apply(): void {
  tellApi(language.value)
  if (typeof document !== 'undefined') document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en'
}
apply()

export function t(key: Key, values: Record<string, string | number> = {}): string {
  return messages[language.value][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

/** For keys that data chooses: the message, or `otherwise`. */
export function maybe(key: string, otherwise: string): string {
  return key in zh ? t(key as Key) : otherwise
}
