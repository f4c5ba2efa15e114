import { startVapor } from '/tmp/six/tests/support/server.ts'
import { signIn, stockShop } from '/tmp/six/tests/support/console.ts'
import { launchBrowser } from '/tmp/six/tests/support/browser.ts'
import { mkdirSync } from 'node:fs'
mkdirSync('/tmp/admin-shots',{recursive:true})
const vapor=await startVapor(); const browser=await launchBrowser()
try{
const {upstream}=vapor.sandbox!
const shop=await stockShop(vapor.url,{baseUrl:upstream.baseUrl,apiKey:upstream.apiKeys[0]!},['sandbox-text','sandbox-tools'])
const a=shop.admin
await a.send('POST','/api/admin/channels',{id:'claude',name:'Claude direct',dialect:'openai-chat',baseUrl:upstream.baseUrl,credentials:['sk-nobody-knows-this-9999','sk-second-key-000-1234'],priority:5})
await a.send('POST','/api/admin/models',{name:'claude-opus-5',prices:{input:'6',output:'30',cachedInput:'0.6'},routes:[{channel:'claude',priority:1,upstream:'sandbox-text'},{channel:'sandbox',upstream:'sandbox-text'}]})
await a.send('POST','/api/admin/models',{name:'gemini-3.1-pro-preview',routes:[{channel:'sandbox'}]})
for(let i=0;i<14;i++){const r=await fetch(vapor.url+'/v1/chat/completions',{method:'POST',headers:{authorization:`Bearer ${shop.key}`,'content-type':'application/json'},body:JSON.stringify({model:i%3?'sandbox-text':'claude-opus-5',messages:[{role:'user',content:'hello '.repeat(50*i+1)}]})}); await r.text()}
await a.send('POST','/api/admin/announcements',{level:'warning',title:{zh:'周日凌晨维护',en:'Maintenance on Sunday'},text:{zh:'2:00–3:00 期间可能短暂中断。',en:'A short break between 2 and 3 a.m.'}})
await a.send('POST','/api/admin/announcements',{level:'info',title:{zh:'新模型上架',en:'New models'},from:new Date(Date.now()+9e7).toISOString()})
for(const [locale,width,scheme] of [['zh-CN',1440,'light'],['en',390,'light'],['en',1440,'dark']] as const){
 const c=await browser.newContext({locale,viewport:{width,height:900},colorScheme:scheme}); 
 await c.addCookies(a.cookies().split('; ').map(p=>{const [n='',...v]=p.split('=');return{name:n,value:v.join('='),url:vapor.url}}))
 const p=await c.newPage(); p.setDefaultTimeout(8000)
 const snap=(n:string,full=true)=>p.screenshot({path:`/tmp/admin-shots/${n}-${locale}-${width}-${scheme}.png`,fullPage:full})
 for(const path of ['','channels','models','announcements','audit','settings']){ await p.goto(vapor.url+'/admin/'+path,{waitUntil:'networkidle'}); await snap(path||'overview') }
 try{
 await p.goto(vapor.url+'/admin/channels',{waitUntil:'networkidle'})
 await p.getByTestId('channel-claude').getByRole('button').nth(1).click(); await p.waitForTimeout(500); await snap('credentials',false); await p.keyboard.press('Escape'); await p.waitForTimeout(400)
 await p.goto(vapor.url+'/admin/models',{waitUntil:'networkidle'}); await p.getByRole('checkbox').first().click(); await snap('models-selected',false)
 await p.getByRole('region').getByRole('button').first().click(); await p.waitForTimeout(700); await snap('pricing',false); await p.keyboard.press('Escape'); await p.waitForTimeout(400)
 await p.getByRole('button',{name:/claude-opus-5/}).first().click(); await p.waitForTimeout(600); await p.locator('ol').last().scrollIntoViewIfNeeded(); await snap('routes',false)
 await p.goto(vapor.url+'/admin/users?search=2',{waitUntil:'networkidle'}); await p.getByRole('button',{name:/user$/}).first().click(); await p.waitForTimeout(600); await p.getByRole('tab').nth(1).click(); await p.waitForTimeout(600); await snap('user',false)
 await p.goto(vapor.url+'/console',{waitUntil:'networkidle'}); await snap('console',false)
 }catch(e){console.log(locale,width,String(e).slice(0,300))}
 await c.close()
}}finally{await browser.close(); await vapor.stop()}
