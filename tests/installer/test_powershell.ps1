# SPDX-License-Identifier: Apache-2.0
#
# Every cmdlet of the module against the real program, which OPENNDES_EXE names. Runs in PowerShell 7 on
# Linux and in both PowerShells on Windows, where the service's cmdlet is tried as well.
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'

$root = [System.IO.Path]::GetFullPath("$PSScriptRoot/../..")
$folder = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), 'openndes-' + [guid]::NewGuid().ToString('N'))
$data = [System.IO.Path]::Combine($folder, 'data folder')
$script:Failed = 0

function Assert-True {
    param([bool]$Condition, [string]$What)

    if (-not $Condition) {
        $script:Failed++
        Write-Warning -Message "FAILED: $What"
    }
}

function Assert-Equal {
    param([object]$Found, [object]$Wanted, [string]$What)

    Assert-True -Condition ($Found -ceq $Wanted) -What "$What is '$Found', not '$Wanted'"
}

# The cmdlet ends with this error id.
function Assert-Refused {
    param([scriptblock]$Block, [string]$Id, [string]$What)

    try {
        [void](& $Block)
        Assert-True -Condition $false -What "$What did not fail"
    }
    catch {
        Assert-Equal -Found ($_.FullyQualifiedErrorId -split ',')[0] -Wanted $Id -What $What
    }
}

function ConvertTo-Secret {
    param([string]$Text)

    $secret = New-Object System.Security.SecureString
    foreach ($character in $Text.ToCharArray()) {
        $secret.AppendChar($character)
    }
    return $secret
}

function Test-Templates {
    $all = @(Get-OpenNdesTemplate -DataFolder $data)
    Assert-Equal -Found $all.Count -Wanted 1 -What 'number of templates'
    Assert-True -Condition ($all[0].PSObject.TypeNames[0] -eq 'OpenNDES.Template') -What 'type name'
    Assert-Equal -Found $all[0].Name -Wanted 'device' -What 'name'
    Assert-Equal -Found $all[0].Enabled -Wanted $true -What 'enabled'
    Disable-OpenNdesTemplate -Name device -DataFolder $data
    Assert-Equal -Found (Get-OpenNdesTemplate -Name d* -DataFolder $data).Enabled -Wanted $false -What 'disabled'
    Get-OpenNdesTemplate -DataFolder $data | Enable-OpenNdesTemplate -DataFolder $data
    Assert-Equal -Found (Get-OpenNdesTemplate -Name device -DataFolder $data).Enabled -Wanted $true -What 'enabled again'
    Set-OpenNdesTemplate -Name device -Setting @{ 'validity.days' = 91; 'san.types' = 'dns', 'ip' } -WhatIf -DataFolder $data
    $changed = Set-OpenNdesTemplate -Name device -Setting @{ 'validity.days' = 90; 'description' = 'a "b" c\' } -PassThru -DataFolder $data
    Assert-Equal -Found $changed.Description -Wanted 'a "b" c\' -What 'a value with quotes and a backslash'
    $setting = (Get-OpenNdesTemplate -Name device -IncludeSetting -DataFolder $data).Setting
    Assert-Equal -Found $setting['validity.days'] -Wanted '90' -What 'a setting'
    Assert-Refused -Block { Get-OpenNdesTemplate -Name nosuch -DataFolder $data } -Id 'template-missing' -What 'no such template'
    Assert-Refused -Block { Enable-OpenNdesTemplate -Name nosuch -DataFolder $data } -Id 'template-missing' -What 'enabling no template'
    Assert-Refused -Block { Set-OpenNdesTemplate -Name device -Setting @{ 'no.such' = 1 } -DataFolder $data } -Id 'config-unknown-key' -What 'unknown key'
    Assert-Refused -Block { Set-OpenNdesTemplate -Name device -Setting @{ 'challenge.passphrase' = 'x' } -DataFolder $data } -Id 'usage' -What 'a passphrase as a setting'
    Set-OpenNdesTemplate -Name device -Passphrase (ConvertTo-Secret -Text "sixteen letters $([char]0xe4)") -DataFolder $data
    $setting = (Get-OpenNdesTemplate -Name device -IncludeSetting -DataFolder $data).Setting
    Assert-Equal -Found $setting['challenge.passphrase_mac'] -Wanted '(set)' -What 'the passphrase'
}

function Test-Passwords {
    $made = New-OpenNdesPassword -Template device -Subject 'CN=router 7,O=Example' -Address 10.1.0.0/16 -Minutes 5 -DataFolder $data
    Assert-True -Condition ($made.Password -match '^[0-9A-F]{16}$') -What 'the password'
    Assert-True -Condition ($made.ExpiresAt -is [datetime] -and $made.ExpiresAt -gt (Get-Date) -and $made.ExpiresAt -lt (Get-Date).AddMinutes(6)) -What "its end, $($made.ExpiresAt)"
    $listed = @(Get-OpenNdesPassword -Template device -DataFolder $data)
    Assert-Equal -Found $listed.Count -Wanted 1 -What 'number of passwords'
    Assert-Equal -Found $listed[0].State -Wanted 'unused' -What 'state'
    Assert-True -Condition ($null -eq $listed[0].UsedAt -and $listed[0].CreatedAt -is [datetime]) -What 'times of a password'
    [void](New-OpenNdesPassword -Service -DataFolder $data)
    Assert-Equal -Found @(Get-OpenNdesPassword -Service -All -DataFolder $data).Count -Wanted 1 -What 'passwords of the service'
    Assert-Refused -Block { New-OpenNdesPassword -Template nosuch -DataFolder $data } -Id 'template-missing' -What 'a password for no template'
    Assert-Equal -Found @(New-OpenNdesPassword -Template device -WhatIf -DataFolder $data).Count -Wanted 0 -What 'WhatIf'
}

function Test-CertificatesAndRequests {
    Assert-Equal -Found @(Get-OpenNdesCertificate -DataFolder $data).Count -Wanted 0 -What 'certificates'
    Assert-Equal -Found @(Get-OpenNdesCertificate -Valid -Template device -Subject CN -Limit 5 -CA default -DataFolder $data).Count -Wanted 0 -What 'filtered certificates'
    Assert-Refused -Block { Get-OpenNdesCertificate -SerialNumber 12 -DataFolder $data } -Id 'certificate-not-found' -What 'no such certificate'
    Assert-Refused -Block { Revoke-OpenNdesCertificate -SerialNumber 12 -Reason superseded -Confirm:$false -DataFolder $data } -Id 'certificate-not-found' -What 'revoking none'
    Assert-Refused -Block { Revoke-OpenNdesCertificate -SerialNumber 12 -Reason certificateHold -Confirm:$false -DataFolder $data } -Id 'certificate-not-found' -What 'holding none'
    Assert-Refused -Block { Restore-OpenNdesCertificate -SerialNumber 12 -DataFolder $data } -Id 'certificate-not-found' -What 'releasing none'
    Revoke-OpenNdesCertificate -SerialNumber 12 -WhatIf -DataFolder $data
    Assert-Equal -Found @(Get-OpenNdesRequest -Last 5 -Result refused -Since (Get-Date).AddDays(-1) -All -DataFolder $data).Count -Wanted 0 -What 'requests'
    Assert-Equal -Found @(Get-OpenNdesRequest -Pending -Template device -DataFolder $data).Count -Wanted 0 -What 'requests that wait'
    Assert-Refused -Block { Get-OpenNdesRequest -Id 12 -DataFolder $data } -Id 'request-missing' -What 'no such request'
    Assert-Refused -Block { Approve-OpenNdesRequest -Id 12 -Note 'not there' -DataFolder $data } -Id 'request-missing' -What 'approving none'
    Assert-Refused -Block { Deny-OpenNdesRequest -Id 12 -DataFolder $data } -Id 'request-missing' -What 'denying none'
}

function Test-Service {
    Set-OpenNdesConfiguration -Setting @{ 'public_url' = 'http://scep.example.com'; 'log.files' = 7 } -DataFolder $data
    $settings = @(Get-OpenNdesConfiguration -Key 'public_url', 'log.*' -DataFolder $data)
    Assert-Equal -Found ($settings | Where-Object -FilterScript { $_.Key -eq 'log.files' }).Value -Wanted '7' -What 'a setting of the service'
    Assert-Equal -Found ($settings | Where-Object -FilterScript { $_.Key -eq 'public_url' }).Value -Wanted 'http://scep.example.com' -What 'the URL'
    Assert-Equal -Found ($settings | Where-Object -FilterScript { $_.Key -eq 'log.files' }).Source -Wanted 'file' -What 'source of a setting'
    $findings = @(Test-OpenNdes -DataFolder $data)
    Assert-True -Condition ($findings.Count -gt 3 -and $findings[0].Level -in 'ok', 'warning') -What 'findings'
    Assert-Equal -Found (Test-OpenNdes -Quiet -DataFolder $data) -Wanted $true -What 'nothing is broken'
    Assert-Refused -Block { Test-OpenNdes -DataFolder "$folder/nosuch" } -Id 'data-folder-missing' -What 'no data folder'
    $file = [System.IO.Path]::Combine($folder, 'one.backup')
    $password = ConvertTo-Secret -Text 'a password of the backup'
    Assert-True -Condition ((Backup-OpenNdes -Path $file -Password $password -DataFolder $data).Length -gt 1000) -What 'a backup'
    Assert-Refused -Block { Backup-OpenNdes -Path $file -Password $password -IncludeLog -DataFolder $data } -Id 'file-not-writable' -What 'a second backup'
    if ([System.Environment]::OSVersion.Platform -eq 'Win32NT') {
        Assert-True -Condition ((Get-OpenNdesStatus).State -ne '') -What 'state of the service'
    }
    else {
        Assert-Refused -Block { Get-OpenNdesStatus } -Id 'windows-only' -What 'state of the service'
    }
}

Import-Module -Name "$root/installer/powershell/OpenNDES/OpenNDES.psd1" -Force
[void](New-Item -ItemType Directory -Path $folder)
try {
    & $env:OPENNDES_EXE --data $data init --ndes --ca-key p256 | Out-Null
    Assert-Equal -Found $LASTEXITCODE -Wanted 0 -What 'init'
    Test-Templates
    Test-Passwords
    Test-CertificatesAndRequests
    Test-Service
    Assert-Equal -Found (Get-Help -Name Revoke-OpenNdesCertificate).Synopsis.Trim() -Wanted 'Revokes certificates.' -What 'help'
}
finally {
    Remove-Item -LiteralPath $folder -Recurse -Force
}
if ($script:Failed -ne 0) {
    exit 1
}
