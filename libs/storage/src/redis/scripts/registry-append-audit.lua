-- Appends to the audit log. After registry-audit.lua.
local moved = auditMoved()
if moved then return moved end
appendAudit()
return { 'appended' }
