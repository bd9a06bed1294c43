# SPDX-License-Identifier: Apache-2.0
#
# Cmdlets for requests of devices.

function Get-OpenNdesRequest {
    <#
    .SYNOPSIS
    Gets what devices asked for, and what became of it.

    .DESCRIPTION
    Lists requests, newest first, from the audit files. Result is issued, repeated, refused or pending; Reason is
    the id of a refusal's reason, and Detail says what exactly was wrong. With Pending it lists what waits for an
    administrator, from the database.

    .PARAMETER Id
    The one request with this id; with the state of its certificate. Of one that waits also its number, or the
    first 8 or more digits of a fingerprint.

    .PARAMETER Last
    How many at most, 50 if it is not given.

    .PARAMETER Pending
    Only requests that wait for an administrator, with what they ask for and their fingerprints.

    .PARAMETER Template
    Only requests to this template.

    .PARAMETER Result
    Only requests with this result.

    .PARAMETER Subject
    Only requests whose subject fits this pattern, such as CN=laptop*.

    .PARAMETER Since
    Only requests since this time.

    .PARAMETER All
    Also what never became a SCEP message: wrong addresses, sign-ins.

    .PARAMETER DataFolder
    The data folder, where it is not the service's own (%ProgramData%\OpenNDES or DataDir in the registry).

    .EXAMPLE
    Get-OpenNdesRequest -Result refused -Since (Get-Date).AddDays(-1) | Group-Object Reason -NoElement

    Counts why requests of the last day were refused.

    .EXAMPLE
    Get-OpenNdesRequest -Id 5f3c9a1e00000007 | Format-List *

    Shows everything about one request.

    .EXAMPLE
    Get-OpenNdesRequest -Pending | Format-Table Number, Template, Subject, CsrMd5

    Shows what waits for an administrator, with the fingerprint that the device's operator can compare.
    #>
    [CmdletBinding(DefaultParameterSetName = 'List')]
    [OutputType('OpenNDES.Request')]
    param(
        [Parameter(Mandatory, Position = 0, ParameterSetName = 'One', ValueFromPipelineByPropertyName)]
        [ValidateNotNullOrEmpty()]
        [string]$Id,

        [Parameter(ParameterSetName = 'List')]
        [ValidateRange(1, 100000)]
        [int]$Last,

        [Parameter(Mandatory, ParameterSetName = 'Pending')]
        [switch]$Pending,

        [Parameter(ParameterSetName = 'List')]
        [Parameter(ParameterSetName = 'Pending')]
        [ValidateNotNullOrEmpty()]
        [string]$Template,

        [Parameter(ParameterSetName = 'List')]
        [ValidateSet('issued', 'repeated', 'refused', 'pending')]
        [string]$Result,

        [Parameter(ParameterSetName = 'List')]
        [ValidateNotNullOrEmpty()]
        [string]$Subject,

        [Parameter(ParameterSetName = 'List')]
        [datetime]$Since,

        [Parameter(ParameterSetName = 'List')]
        [switch]$All,

        [ValidateNotNullOrEmpty()]
        [string]$DataFolder
    )

    process {
        if ($Id) {
            $arguments = @('request', 'show', $Id, '--json')
        }
        else {
            $arguments = @('request', 'list', '--json')
            if ($Pending) {
                $arguments += '--pending'
            }
            if ($Last) {
                $arguments += '--last', [string]$Last
            }
            if ($Template) {
                $arguments += '--template', $Template
            }
            if ($Result) {
                $arguments += '--result', $Result
            }
            if ($Subject) {
                $arguments += '--subject', $Subject
            }
            if ($PSBoundParameters.ContainsKey('Since')) {
                $arguments += '--since', $Since.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ', [System.Globalization.CultureInfo]::InvariantCulture)
            }
            if ($All) {
                $arguments += '--all'
            }
        }
        $text = Invoke-OpenNdesProgram -Cmdlet $PSCmdlet -DataFolder $DataFolder -Argument $arguments -Target $Id
        ConvertFrom-OpenNdesJson -Text $text -TypeName 'OpenNDES.Request'
    }
}

function Approve-OpenNdesRequest {
    <#
    .SYNOPSIS
    Approves a request that waits for an administrator.

    .DESCRIPTION
    The device gets its certificate when it asks the next time. A request that does not wait is an error
    (request-not-pending), which says what became of it.

    .PARAMETER Id
    The request: its id, its number, or the first 8 or more digits of a fingerprint; from the pipeline too.

    .PARAMETER Note
    Why, for database, audit file and Event Log. The device does not see it.

    .PARAMETER DataFolder
    The data folder, where it is not the service's own (%ProgramData%\OpenNDES or DataDir in the registry).

    .EXAMPLE
    Get-OpenNdesRequest -Pending | Where-Object Subject -like 'CN=router*' | Approve-OpenNdesRequest

    Approves what waits for an administrator and has a certain subject.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
    param(
        [Parameter(Mandatory, Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)]
        [ValidateNotNullOrEmpty()]
        [string]$Id,

        [ValidateNotNullOrEmpty()]
        [string]$Note,

        [ValidateNotNullOrEmpty()]
        [string]$DataFolder
    )

    process {
        if ($PSCmdlet.ShouldProcess("request $Id", 'Approve')) {
            $arguments = @('request', 'approve', $Id)
            if ($Note) {
                $arguments += '--note', $Note
            }
            [void](Invoke-OpenNdesProgram -Cmdlet $PSCmdlet -DataFolder $DataFolder -Argument $arguments -Target $Id)
        }
    }
}

function Deny-OpenNdesRequest {
    <#
    .SYNOPSIS
    Denies a request that waits for an administrator.

    .DESCRIPTION
    The device is told when it asks the next time. An approval can be taken back as long as the certificate was
    not made. Another request that does not wait is an error (request-not-pending), which says what became of it.

    .PARAMETER Id
    The request: its id, its number, or the first 8 or more digits of a fingerprint; from the pipeline too.

    .PARAMETER Note
    Why, for database, audit file and Event Log. The device does not see it.

    .PARAMETER DataFolder
    The data folder, where it is not the service's own (%ProgramData%\OpenNDES or DataDir in the registry).

    .EXAMPLE
    Deny-OpenNdesRequest -Id 5f3c9a1e00000007

    Denies one request.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
    param(
        [Parameter(Mandatory, Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)]
        [ValidateNotNullOrEmpty()]
        [string]$Id,

        [ValidateNotNullOrEmpty()]
        [string]$Note,

        [ValidateNotNullOrEmpty()]
        [string]$DataFolder
    )

    process {
        if ($PSCmdlet.ShouldProcess("request $Id", 'Deny')) {
            $arguments = @('request', 'deny', $Id)
            if ($Note) {
                $arguments += '--note', $Note
            }
            [void](Invoke-OpenNdesProgram -Cmdlet $PSCmdlet -DataFolder $DataFolder -Argument $arguments -Target $Id)
        }
    }
}
