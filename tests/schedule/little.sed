# Ceilings of queue as a small world comes to them.
s/\(DIRECTORIES.*= \)256,/\18,/
s/\(SEGMENTS_MAX.*= \)256,/\18,/
s/\(ACTIVE_MESSAGES_MAX.*= \)4096,/\18,/
s/\(ACTIVE_RECIPIENTS_MAX.*= \)32768,/\124,/
s/\(READY_MAX.*= \)200,/\18,/
s/\(READY_FEW.*= \)20,/\13,/
s/\(TRIM_MAX.*= \)200,/\14,/
s/\(IDLE_DESTINATIONS_MAX.*= \)4096,/\14,/
s/\(HOT_MESSAGES_MAX.*= \)16384,/\148,/
s/\(HOT_RECIPIENTS_MAX.*= \)65536,/\1128,/
s/\(SCAN_MAX.*= \)1000,/\18,/
s/\(EXPIRE_MAX.*= \)1000,/\18,/
s/\(JOBS_REMOTE_MAX.*= \)4096,/\150,/
s/\(EXPANDING_MAX.*= \)256,/\116,/
