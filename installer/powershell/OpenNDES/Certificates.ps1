# SPDX-License-Identifier: Apache-2.0
#
# Cmdlets for certificates.

function Get-OpenNdesCertificate {
    <#
    .SYNOPSIS
    Gets certificates that this server has issued.

    .DESCRIPTION
    Lists certificates, newest first. State is valid, expired, held or revoked, and for templates with Intune
    provisional or withheld. RevokedAt, RevocationReason and RevokedBy are empty for a certificate that is not
    revoked.

    .PARAMETER SerialNumber
    The one certificate with this serial number, in hexadecimal digits; colons and upper case are fine.

    .PARAMETER CA
    Only certificates of this CA.

    .PARAMETER Template
    Only certificates of this template.

    .PARAMETER Subject
    Only certificates whose subject contains this text.

    .PARAMETER Valid
    Only certificates that are valid now.

    .PARAMETER Revoked
    Only certificates that are revoked, or on hold.

    .PARAMETER Limit
    How many at most, 1000 if it is not given.

    .PARAMETER DataFolder
    The data folder, where it is not the service's own (%ProgramData%\OpenNDES or DataDir in the registry).

    .EXAMPLE
    Get-OpenNdesCertificate -Valid | Where-Object NotAfter -lt (Get-Date).AddDays(30)

    Shows the certificates that end within 30 days.

    .EXAMPLE
    Get-OpenNdesCertificate -SerialNumber 3f:9a:00:12 | Format-List *

    Shows everything about one certificate.
    #>
    [CmdletBinding(DefaultParameterSetName = 'List')]
    [OutputType('OpenNDES.Certificate')]
    param(
        [Parameter(Mandatory, Position = 0, ParameterSetName = 'One', ValueFromPipelineByPropertyName)]
        [Alias('Serial')]
        [ValidateNotNullOrEmpty()]
        [string]$SerialNumber,

        [Parameter(ValueFromPipelineByPropertyName)]
        [string]$CA,

        [Parameter(ParameterSetName = 'List')]
        [ValidateNotNullOrEmpty()]
        [string]$Template,

        [Parameter(ParameterSetName = 'List')]
        [ValidateNotNullOrEmpty()]
        [string]$Subject,

        [Parameter(ParameterSetName = 'List')]
        [switch]$Valid,

        [Parameter(ParameterSetName = 'List')]
        [switch]$Revoked,

        [Parameter(ParameterSetName = 'List')]
        [ValidateRange(1, 1000000)]
        [int]$Limit,

        [ValidateNotNullOrEmpty()]
        [string]$DataFolder
    )

    process {
        if ($SerialNumber) {
            $arguments = @('cert', 'show', $SerialNumber, '--json')
        }
        else {
            $arguments = @('cert', 'list', '--json')
            if ($Template) {
                $arguments += '--template', $Template
            }
            if ($Subject) {
                $arguments += '--subject', $Subject
            }
            if ($Valid) {
                $arguments += '--valid'
            }
            if ($Revoked) {
                $arguments += '--revoked'
            }
            if ($Limit) {
                $arguments += '--limit', [string]$Limit
            }
        }
        if ($CA) {
            $arguments += '--ca', $CA
        }
        $text = Invoke-OpenNdesProgram -Cmdlet $PSCmdlet -DataFolder $DataFolder -Argument $arguments -Target $SerialNumber
        ConvertFrom-OpenNdesJson -Text $text -TypeName 'OpenNDES.Certificate' -Names 'RevokedAt', 'RevocationReason', 'RevokedBy'
    }
}

function Restore-OpenNdesCertificate {
    <#
    .SYNOPSIS
    Takes certificates off hold.

    .DESCRIPTION
    Makes a certificate valid again that was revoked with the reason certificateHold. Any other revocation
    is for good. A running service publishes a CRL without it within seconds.

    .PARAMETER SerialNumber
    The certificate's serial number in hexadecimal digits; from the pipeline too.

    .PARAMETER CA
    The CA that issued it, where several have the serial number.

    .PARAMETER DataFolder
    The data folder, where it is not the service's own (%ProgramData%\OpenNDES or DataDir in the registry).

    .EXAMPLE
    Restore-OpenNdesCertificate -SerialNumber 3f9a0012

    Takes one certificate off hold.

    .EXAMPLE
    Get-OpenNdesCertificate -Subject 'CN=laptop7' -Revoked | Where-Object State -eq 'held' | Restore-OpenNdesCertificate

    Restore-OpenNdesCertificate takes every certificate of a laptop off hold that was found again.
    #>
    [CmdletBinding(SupportsShouldProcess)]
    param(
        [Parameter(Mandatory, Position = 0, ValueFromPipelineByPropertyName)]
        [Alias('Serial')]
        [ValidateNotNullOrEmpty()]
        [string]$SerialNumber,

        [Parameter(ValueFromPipelineByPropertyName)]
        [string]$CA,

        [ValidateNotNullOrEmpty()]
        [string]$DataFolder
    )

    process {
        $arguments = @('cert', 'release', $SerialNumber)
        if ($CA) {
            $arguments += '--ca', $CA
        }
        if ($PSCmdlet.ShouldProcess("certificate $SerialNumber", 'Take off hold')) {
            [void](Invoke-OpenNdesProgram -Cmdlet $PSCmdlet -DataFolder $DataFolder -Argument $arguments -Target $SerialNumber)
        }
    }
}

function Revoke-OpenNdesCertificate {
    <#
    .SYNOPSIS
    Revokes certificates.

    .DESCRIPTION
    Revokes a certificate for good; it asks first. A running service publishes a new CRL within seconds.
    With the reason certificateHold it is only put on hold: Restore-OpenNdesCertificate takes that back,
    and revoking it for another reason makes it final.

    .PARAMETER SerialNumber
    The certificate's serial number in hexadecimal digits; from the pipeline too.

    .PARAMETER CA
    The CA that issued it, where several have the serial number.

    .PARAMETER Reason
    Why; unspecified if it is not given.

    .PARAMETER DataFolder
    The data folder, where it is not the service's own (%ProgramData%\OpenNDES or DataDir in the registry).

    .EXAMPLE
    Revoke-OpenNdesCertificate -SerialNumber 3f9a0012 -Reason keyCompromise

    Revokes one certificate after a question.

    .EXAMPLE
    Get-OpenNdesCertificate -Subject 'CN=laptop7' -Valid | Revoke-OpenNdesCertificate -Reason cessationOfOperation -Confirm:$false

    Revokes every certificate of a laptop that is out of use, without a question.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
    param(
        [Parameter(Mandatory, Position = 0, ValueFromPipelineByPropertyName)]
        [Alias('Serial')]
        [ValidateNotNullOrEmpty()]
        [string]$SerialNumber,

        [Parameter(ValueFromPipelineByPropertyName)]
        [string]$CA,

        [ValidateSet('unspecified', 'keyCompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation', 'privilegeWithdrawn', 'certificateHold')]
        [string]$Reason = 'unspecified',

        [ValidateNotNullOrEmpty()]
        [string]$DataFolder
    )

    process {
        $arguments = @('cert', 'revoke', $SerialNumber, '--reason', $Reason)
        if ($CA) {
            $arguments += '--ca', $CA
        }
        if ($PSCmdlet.ShouldProcess("certificate $SerialNumber", "Revoke ($Reason)")) {
            [void](Invoke-OpenNdesProgram -Cmdlet $PSCmdlet -DataFolder $DataFolder -Argument $arguments -Target $SerialNumber)
        }
    }
}
