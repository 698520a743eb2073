/** Light, dark or as the system says. */
import { ref } from 'vue'
import { recall, remember } from '@/lib/storage'

export type Theme = 'auto' | 'light' | 'dark'
const ORDER: Theme[] = ['auto', 'light', 'dark']

const kept = recall('theme')
export const theme = ref<Theme>(kept === 'light' || kept === 'dark' ? kept : 'auto')

function apply(): void {
  if (theme.value === 'auto') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = theme.value
}

export function nextTheme(): void {
  theme.value = ORDER[(ORDER.indexOf(theme.value) + 1) % ORDER.length] ?? 'auto'
  remember('theme', theme.value)
  apply()
}
apply()
