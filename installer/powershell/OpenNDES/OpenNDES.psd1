# SPDX-License-Identifier: Apache-2.0
#
# Manifest of the module that administrators use instead of openndes.exe in scripts.
@{
    RootModule           = 'OpenNDES.psm1'
    ModuleVersion        = '0.1.0' # the product's; tests/installer/check_powershell.py compares them
    GUID                 = '5f0c3a8e-8f51-4a0e-9a47-6a4d2f0be3c1'
    Author               = 'OpenNDES'
    CompanyName          = 'OpenNDES'
    Copyright            = 'Apache-2.0'
    Description          = 'Manages OpenNDES, a SCEP server that replaces Microsoft NDES: templates, passwords, certificates, requests, settings, backups.'
    PowerShellVersion    = '5.1'
    CompatiblePSEditions = @('Desktop', 'Core')
    FunctionsToExport    = @(
        'Approve-OpenNdesRequest'
        'Backup-OpenNdes'
        'Deny-OpenNdesRequest'
        'Disable-OpenNdesTemplate'
        'Enable-OpenNdesTemplate'
        'Get-OpenNdesCertificate'
        'Get-OpenNdesConfiguration'
        'Get-OpenNdesPassword'
        'Get-OpenNdesRequest'
        'Get-OpenNdesStatus'
        'Get-OpenNdesTemplate'
        'New-OpenNdesPassword'
        'Restore-OpenNdesCertificate'
        'Revoke-OpenNdesCertificate'
        'Set-OpenNdesConfiguration'
        'Set-OpenNdesTemplate'
        'Test-OpenNdes'
    )
    CmdletsToExport      = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
    PrivateData          = @{
        PSData = @{
            Tags = @('SCEP', 'NDES', 'PKI', 'Certificate', 'Intune')
        }
    }
}
