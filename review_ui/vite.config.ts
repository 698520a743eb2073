import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

// In development the API is elsewhere: the mock server of dev/ or a real one (JIEXUN_API=http://127.0.0.1:8000).
const api = process.env['JIEXUN_API'] ?? 'http://127.0.0.1:5199'

export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { '@': new URL('./src', import.meta.url).pathname } },
  server: { host: '127.0.0.1', port: 5173, proxy: { '/api': { target: api } } },
  preview: { host: '127.0.0.1', port: 4173, proxy: { '/api': { target: api } } },
  build: { outDir: 'dist', emptyOutDir: true, target: 'es2022', sourcemap: false },
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
})
