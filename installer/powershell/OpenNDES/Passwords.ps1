# SPDX-License-Identifier: Apache-2.0
#
# Cmdlets for one-time passwords of NDES.

function New-OpenNdesPassword {
    <#
    .SYNOPSIS
    Makes a one-time enrollment password.

    .DESCRIPTION
    Makes a password with which one device can enrol once. The program keeps a keyed MAC of it only: this is the
    one time that it is shown. The password is for a template with challenge.type ndes, or for the service's own
    NDES face.

    .PARAMETER Template
    The template that the password is for.

    .PARAMETER Service
    The password is for the service's own NDES face, /certsrv/mscep.

    .PARAMETER Subject
    The request must have this whole subject, the most specific part first: CN=router7,O=Example.

    .PARAMETER Address
    The request must come from this address or prefix: 192.0.2.7 or 10.1.0.0/16.

    .PARAMETER Minutes
    How long the password is valid, instead of ndes.PasswordValidity; up to a year.

    .PARAMETER DataFolder
    The data folder, where it is not the service's own (%ProgramData%\OpenNDES or DataDir in the registry).

    .EXAMPLE
    New-OpenNdesPassword -Template vpn -Subject 'CN=router7,O=Example' -Minutes 15

    Makes a password for one router.

    .EXAMPLE
    (New-OpenNdesPassword -Service).Password | Set-Clipboard

    Puts a password for the service's own NDES face on the clipboard.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Low', DefaultParameterSetName = 'Template')]
    [OutputType('OpenNDES.NewPassword')]
    param(
        [Parameter(Mandatory, Position = 0, ParameterSetName = 'Template', ValueFromPipelineByPropertyName)]
        [Alias('Name')]
        [ValidateNotNullOrEmpty()]
        [string]$Template,

        [Parameter(Mandatory, ParameterSetName = 'Service')]
        [switch]$Service,

        [ValidateNotNullOrEmpty()]
        [string]$Subject,

        [ValidateNotNullOrEmpty()]
        [string]$Address,

        [ValidateRange(1, 525600)]
        [int]$Minutes,

        [ValidateNotNullOrEmpty()]
        [string]$DataFolder
    )

    process {
        $arguments = @('password', 'new', '--json')
        if ($Subject) {
            $arguments += '--subject', $Subject
        }
        if ($Address) {
            $arguments += '--address', $Address
        }
        if ($Minutes) {
            $arguments += '--minutes', [string]$Minutes
        }
        $scope = $Template
        if ($Service) {
            $arguments += '--service'
            $scope = 'service'
        }
        else {
            $arguments += $Template
        }
        if ($PSCmdlet.ShouldProcess($scope, 'Make one-time password')) {
            $text = Invoke-OpenNdesProgram -Cmdlet $PSCmdlet -DataFolder $DataFolder -Argument $arguments -Target $scope
            ConvertFrom-OpenNdesJson -Text $text -TypeName 'OpenNDES.NewPassword'
        }
    }
}

function Get-OpenNdesPassword {
    <#
    .SYNOPSIS
    Gets the one-time passwords that were made, never their text.

    .DESCRIPTION
    Lists unused passwords with their scope, age and end; All adds used and expired ones, which are kept for 7
    days. ExpiresAt is empty for a password without an end.

    .PARAMETER Template
    Only passwords for this template.

    .PARAMETER Service
    Only passwords for the service's own NDES face.

    .PARAMETER All
    Used and expired passwords too.

    .PARAMETER DataFolder
    The data folder, where it is not the service's own (%ProgramData%\OpenNDES or DataDir in the registry).

    .EXAMPLE
    Get-OpenNdesPassword -All | Where-Object State -eq 'used' | Format-Table Id, UsedAt, Serial, Peer

    Shows which password became which certificate.
    #>
    [CmdletBinding(DefaultParameterSetName = 'Template')]
    [OutputType('OpenNDES.Password')]
    param(
        [Parameter(Position = 0, ParameterSetName = 'Template')]
        [ValidateNotNullOrEmpty()]
        [string]$Template,

        [Parameter(Mandatory, ParameterSetName = 'Service')]
        [switch]$Service,

        [switch]$All,

        [ValidateNotNullOrEmpty()]
        [string]$DataFolder
    )

    process {
        $arguments = @('password', 'list', '--json')
        if ($All) {
            $arguments += '--all'
        }
        if ($Service) {
            $arguments += '--service'
        }
        elseif ($Template) {
            $arguments += $Template
        }
        $text = Invoke-OpenNdesProgram -Cmdlet $PSCmdlet -DataFolder $DataFolder -Argument $arguments -Target $Template
        ConvertFrom-OpenNdesJson -Text $text -TypeName 'OpenNDES.Password' -Names 'Subject', 'Address', 'UsedAt', 'Serial', 'CA', 'Peer'
    }
}
