import { createApp } from 'vue'
import App from './App.vue'
import { router } from './router'
import './stores/outbox' // what an earlier page left is sent whichever page is opened
import './styles/tokens.css'
import './styles/base.css'

createApp(App).use(router).mount('#app')
