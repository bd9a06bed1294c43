# SPDX-License-Identifier: Apache-2.0
#
# Purpose:  cmdlets for OpenNDES; each runs one command of openndes.exe and turns its JSON into objects.
# Not here: any decision: what is allowed, checked or recorded is the program's affair.
# Secrets:  go to the program by standard input, never as an argument; buffers are wiped.
# Runs on:  Windows PowerShell 5.1 and PowerShell 7. ASCII only: 5.1 reads a file without a byte order
#           mark in the ANSI code page.
# Exports:  what the manifest lists.

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'

. "$PSScriptRoot/Program.ps1"
. "$PSScriptRoot/Objects.ps1"
. "$PSScriptRoot/Templates.ps1"
. "$PSScriptRoot/Passwords.ps1"
. "$PSScriptRoot/Certificates.ps1"
. "$PSScriptRoot/Requests.ps1"
. "$PSScriptRoot/Service.ps1"

# What a table shows of each type; Format-List * shows everything.
$script:Shown = @{
    'OpenNDES.Template'       = 'Name', 'Enabled', 'Challenge', 'CA'
    'OpenNDES.Password'       = 'Id', 'Scope', 'State', 'ExpiresAt'
    'OpenNDES.NewPassword'    = 'Scope', 'Password', 'ExpiresAt', 'ScepUrl'
    'OpenNDES.Certificate'    = 'Serial', 'State', 'NotAfter', 'Subject'
    'OpenNDES.Request'        = 'Id', 'Time', 'Result', 'Subject'
    'OpenNDES.Setting'        = 'Key', 'Value'
    'OpenNDES.Finding'        = 'Level', 'What', 'Text'
}
foreach ($type in $script:Shown.Keys) {
    Update-TypeData -TypeName $type -DefaultDisplayPropertySet $script:Shown[$type] -Force
}
